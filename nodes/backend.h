// What the engine wants to know of tensors, from libtorch.
#pragma once

#include "engine/backend.h"

namespace heddle {

class TorchBackend final : public Backend {
 public:
  SystemInfo system_info() const override;
  void set_threads(int threads) override;
  Json inspect(const std::filesystem::path& file) const override;
};

}  // namespace heddle
