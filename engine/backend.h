// What the engine must know of tensors, by interface. nodes/ implements it; main.cc hands it over.
#pragma once

#include <filesystem>
#include <string>

#include "engine/json.h"

namespace heddle {

struct SystemInfo {
  std::string libtorch;    // "2.13.0"
  std::string processor;   // the instruction set libtorch uses: "AVX512"
  std::string numerics;    // all that bytes may depend on beside the graph; part of every key
  std::string precision;   // "fp32"
  std::string other_precisions;  // what could be chosen instead: "bf16"; "": nothing
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual SystemInfo system_info() const = 0;
  /// Threads for computing; 0: as many as there are cores.
  virtual void set_threads(int threads) = 0;
  /// What a model file is: {"kind", "family", "reason", "dtypes", "tensors", "bytes", "layout", "metadata"...}.
  /// Throws std::runtime_error in words if it is none.
  virtual Json inspect(const std::filesystem::path& file) const = 0;
};

}  // namespace heddle
