// The header of a safetensors file is the first thing that a hostile file reaches. Whatever the
// bytes are: a FileError, or a header that keeps its promises. The first byte of the input says how
// much larger than the input the file is.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "nodes/weights/safetensors_header.h"

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

void check(const heddle::weights::SafetensorsHeader& header, uint64_t file_size) {
  for (const auto& [name, info] : header.tensors) {
    require(info.begin <= info.end && info.end <= file_size);
    uint64_t elements = 1;
    for (const int64_t n : info.shape) {
      require(n >= 0);
      elements *= uint64_t(n);
    }
    require(elements <= info.end - info.begin || info.begin == info.end);
    require(!heddle::weights::dtype_name(info.type).empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // As if the length were right: otherwise nearly every input ends at its first eight bytes.
  std::string whole(8, '\0');
  for (size_t i = 0; i < 8; ++i) whole[i] = char(uint64_t(bytes.size()) >> (8 * i));
  whole += bytes;
  for (const std::string_view file : {bytes, std::string_view(whole)}) {
    const uint64_t file_size = file.size() + data[0];
    try {
      check(heddle::weights::parse_safetensors_header(file, file_size, "fuzz"), file_size);
    } catch (const heddle::weights::FileError&) {
    }
  }
  return 0;
}
