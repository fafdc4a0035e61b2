// Files of named tensors, memory-mapped: opening one reads what describes its tensors and none of
// them. Formats: safetensors (safetensors_header.h) and what torch.save writes (torch_layout.h).
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
  /// The format is told by the content, whatever the file is called. Throws FileError.
  static std::shared_ptr<const TensorFile> open(const std::filesystem::path& path);
  virtual ~TensorFile() = default;

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }
  uint64_t bytes() const { return bytes_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  /// The names in the order of the file where it has one (torch), else sorted.
  const std::vector<std::string>& names_in_order() const { return names_; }
  /// What the file says beside its tensors: safetensors' metadata, or the texts and numbers at the
  /// top of a torch file ("global_step"), numbers and truth values as JSON writes them.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// A contiguous view into the mapped file in the file's type, not to be written to; keeps the
  /// mapping alive. A copy where the file does not align it, has it compressed, or has its elements
  /// in another order. Throws FileError naming the tensor if there is
  /// none, or if the file has changed.
  virtual at::Tensor tensor(const std::string& name) const = 0;

  /// Throws FileError if the file was written to since it was opened. Ask again after reading a
  /// view: a file that shrinks in between kills the process (SIGBUS), but no changed byte gets into
  /// a result unnoticed. A file replaced by renaming another over it is no change: the old one
  /// stays mapped.
  virtual void check_unchanged() const = 0;

 protected:
  const TensorInfo& info_of(const std::string& tensor) const;  // throws FileError

  std::filesystem::path path_;
  uint64_t bytes_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// A whole file as bytes, for callers that write files their own way. Tensors are on the CPU, of any layout. Throws
/// FileError for tensors or texts that the format cannot hold.
std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors,
                              const std::map<std::string, std::string>& metadata);

}  // namespace heddle::weights
