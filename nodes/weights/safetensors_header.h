// The header of a safetensors file (README of the safetensors project, "Format"): eight bytes
// of length, then JSON that says where each tensor lies. It is checked in full before any tensor is
// handed out, so that a file that lies about itself is an error here and nowhere else. Needs no
// tensors, so that it can be fuzzed alone.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/weights/file_error.h"

namespace heddle::weights {

struct TensorInfo {
  c10::ScalarType type;
  std::vector<int64_t> shape;
  size_t begin = 0, end = 0;  // bytes in the file; 0, 0 if they are compressed there
};

struct SafetensorsHeader {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;  // values that are not text are kept as JSON
};

/// Reads and checks the header, which must lie within `first_bytes` of a file of `file_size` bytes.
/// Afterwards every tensor lies within the file, has exactly the bytes of its shape and type, and
/// shares them with no other. Throws FileError.
SafetensorsHeader parse_safetensors_header(std::string_view first_bytes, uint64_t file_size,
                                           const std::string& file_name);

/// The format's word for `type` ("F16"), empty if it has none.
std::string_view dtype_name(c10::ScalarType type);

/// Bytes of one element; 0 for types that the format does not have. (torch's own elementSize needs
/// its library.)
uint64_t dtype_bytes(c10::ScalarType type);

}  // namespace heddle::weights
