// The texts in the header of a safetensors file, without its tensors. The format:
// https://github.com/huggingface/safetensors, "Format".
#pragma once

#include <cstddef>
#include <filesystem>

#include "engine/json.h"

namespace heddle {

/// The object "__metadata__"; null if there is none, if the header is longer than `most` bytes, or if the file is no
/// safetensors file or damaged.
Json safetensors_metadata(const std::filesystem::path& file, size_t most);

}  // namespace heddle
