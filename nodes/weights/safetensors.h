// safetensors files, memory-mapped. The header is checked in full before any tensor is handed out, so a file that lies
// about itself is an error here and nowhere else.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::weights {

/// A file that cannot be used. The text names the file, what is wrong, and what to do.
struct FileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct TensorInfo {
  at::ScalarType type;
  std::vector<int64_t> shape;
  size_t begin = 0, end = 0;  // bytes in the file
};

class TensorFile {
 public:
  /// Throws FileError.
  static std::shared_ptr<const TensorFile> open(const std::filesystem::path& path);
  virtual ~TensorFile() = default;

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// A view into the mapped file in the file's type; keeps the mapping alive. Throws FileError naming the tensor.
  virtual at::Tensor tensor(const std::string& name) const = 0;

 protected:
  std::filesystem::path path_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Checks the header only, from the first bytes of a file of `file_size` bytes. Throws FileError. Fuzzed.
struct SafetensorsHeader {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
};
SafetensorsHeader parse_safetensors_header(std::string_view first_bytes, uint64_t file_size,
                                           const std::string& file_name);

/// Writes a whole file; atomically (a temporary beside it, then a rename). Throws FileError.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace heddle::weights
