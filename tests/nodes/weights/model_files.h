// Files for the tests of nodes/weights: real ones from golden specs, and hollow ones, which have a
// header and a size but only zeros inside (and take no room on the disk), so that even an SDXL
// checkpoint is made at once.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/weights/safetensors.h"
#include "tests/support/golden.h"

namespace heddle::weights::test {

/// A folder that goes away with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "heddle-weights-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A file with these tensors; moved into its place, so that who has the old one open keeps it.
inline void write_tensors(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                          const std::map<std::string, std::string>& metadata) {
  const std::filesystem::path temporary = path.string() + ".new";
  std::ofstream(temporary, std::ios::binary) << safetensors_bytes(tensors, metadata);
  std::filesystem::rename(temporary, path);
}

struct HollowTensor {
  std::string name, dtype;
  std::vector<int64_t> shape;
};
using HollowTensors = std::vector<HollowTensor>;

/// The tensors of a golden spec ("checkpoints/mini_sd15.spec.json"), without values.
inline HollowTensors spec_tensors(const std::string& golden_spec) {
  HollowTensors tensors;
  const auto spec = heddle::test::golden_json(golden_spec);
  for (const auto& [name, t] : spec.items()) {
    if (name != "__spec__") tensors.push_back({name, t["dtype"], t["shape"]});
  }
  return tensors;
}

inline HollowTensors without(HollowTensors tensors, const std::string& part_of_name) {
  std::erase_if(tensors, [&](const HollowTensor& t) {
    return t.name.find(part_of_name) != std::string::npos;
  });
  return tensors;
}

/// Only those that begin with `prefix`, which is taken away.
inline HollowTensors only(const HollowTensors& tensors, const std::string& prefix) {
  HollowTensors kept;
  for (const HollowTensor& t : tensors) {
    if (t.name.starts_with(prefix))
      kept.push_back({t.name.substr(prefix.size()), t.dtype, t.shape});
  }
  return kept;
}

/// A file of the given header and of `data` zero bytes.
inline void write_raw(const std::filesystem::path& path, const std::string& header, uint64_t data) {
  std::ofstream out(path, std::ios::binary);
  const uint64_t length = header.size();
  for (int i = 0; i < 8; ++i) out.put(char(length >> (8 * i) & 0xFF));
  out << header;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
  out.close();
  std::filesystem::resize_file(path, 8 + header.size() + data);
}

inline std::filesystem::path write_hollow(const std::filesystem::path& path,
                                          const HollowTensors& tensors,
                                          const nlohmann::json& metadata = {}) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.is_null()) header["__metadata__"] = metadata;
  uint64_t at = 0;
  for (const HollowTensor& t : tensors) {
    uint64_t size = t.dtype == "F32" ? 4 : t.dtype == "I64" ? 8 : 2;
    for (const int64_t n : t.shape) size *= uint64_t(n);
    header[t.name] = {{"dtype", t.dtype}, {"shape", t.shape}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  write_raw(path, header.dump(), at);
  return path;
}

/// A golden spec with its values.
inline std::filesystem::path write_golden(const std::filesystem::path& path,
                                          const std::string& golden_spec) {
  heddle::test::write_checkpoint(golden_spec, path);
  return path;
}

/// The text of the FileError that `action` throws; "no error" if it throws none.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace heddle::weights::test
