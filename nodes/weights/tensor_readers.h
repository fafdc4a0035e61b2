// What TensorFile::open chooses from.
#pragma once

#include <memory>

#include "nodes/weights/file_mapping.h"
#include "nodes/weights/safetensors.h"

namespace heddle::weights {

/// Whether the file begins as one that torch.save wrote: a zip archive, or a pickle. A safetensors
/// header may have a length whose first bytes look like a pickle's; it is none then.
bool is_torch_file(std::string_view bytes);

/// Throws FileError.
std::shared_ptr<const TensorFile> read_torch_file(const std::filesystem::path& path,
                                                  std::shared_ptr<const FileMapping> mapping);

}  // namespace heddle::weights
