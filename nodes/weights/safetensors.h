// safetensors files, memory-mapped: opening one reads its header alone. See safetensors_header.h
// for the format.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nodes/weights/file_error.h"
#include "nodes/weights/safetensors_header.h"

namespace heddle::weights {

/// Names of tensors with their shapes: all that is needed to tell what a file is, or whether a LoRA
/// fits.
using NamesAndShapes = std::map<std::string, std::vector<int64_t>>;

/// An open file of named tensors. Immutable; safe to use from several threads.
class TensorFile {
 public:
  /// Throws FileError.
  static std::shared_ptr<const TensorFile> open(const std::filesystem::path& path);
  virtual ~TensorFile() = default;

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }
  uint64_t bytes() const { return bytes_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// A view into the mapped file in the file's type, not to be written to; keeps the mapping alive
  /// (a copy where the file does not align it). Throws FileError naming the tensor if there is
  /// none, or if the file has changed.
  virtual at::Tensor tensor(const std::string& name) const = 0;

  /// Throws FileError if the file was written to since it was opened. Ask again after reading a
  /// view: a file that shrinks in between kills the process (SIGBUS), but no changed byte gets into
  /// a result unnoticed. A file replaced by renaming another over it is no change: the old one
  /// stays mapped.
  virtual void check_unchanged() const = 0;

 protected:
  std::filesystem::path path_;
  uint64_t bytes_ = 0;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A whole file as bytes, for callers that write files their own way. Tensors are on the CPU, of any layout. Throws
/// FileError for tensors or texts that the format cannot hold.
std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors,
                              const std::map<std::string, std::string>& metadata);

}  // namespace heddle::weights
