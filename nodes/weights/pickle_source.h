// The bytes of one pickle and how to speak of them.
#pragma once

#include <string>
#include <string_view>

#include "nodes/weights/file_error.h"

namespace heddle::weights {

/// What to do about a file that this reader refuses though PyTorch may like it.
inline constexpr const char* kConvertAdvice =
    "; if you trust the file, load it in Python with torch.load(path, weights_only=False) and save "
    "its tensors with safetensors.torch.save_file";

/// The pickle begins at `begin` of `bytes` and ends with its STOP. Offsets in errors count from the
/// start of `bytes`.
struct PickleSource {
  std::string_view bytes;
  size_t begin = 0;
  std::string file;  // its name
  std::string part;  // of the file: " of archive/data.pkl", or nothing

  [[noreturn]] void fail(size_t at, const std::string& problem) const {
    throw FileError(file + ": byte " + std::to_string(at) + part + ": " + problem);
  }
};

}  // namespace heddle::weights
