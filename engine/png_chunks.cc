#include "engine/png_chunks.h"

#include <zlib.h>

#include <cstdint>

namespace heddle {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr size_t kFrameBytes = 12;  // length, type and CRC

uint32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

bool has_crc(std::string_view type_and_data, uint32_t crc) {
  const auto* start = reinterpret_cast<const Bytef*>(type_and_data.data());
  return crc32_z(crc32_z(0, nullptr, 0), start, type_and_data.size()) == crc;
}

}  // namespace

PngChunks::PngChunks(std::string_view bytes) : rest_(bytes.substr(kSignatureBytes)) {}

std::optional<PngChunk> PngChunks::next() {
  if (rest_.size() < kFrameBytes) return std::nullopt;
  const size_t length = big_endian(rest_, 0);
  if (length > rest_.size() - kFrameBytes) return std::nullopt;
  const std::string_view framed = rest_.substr(4, 4 + length);
  const uint32_t crc = big_endian(rest_, 8 + length);
  rest_.remove_prefix(kFrameBytes + length);
  const PngChunk chunk{framed.substr(0, 4), framed.substr(4), has_crc(framed, crc)};
  if (chunk.type == "IEND") rest_ = {};
  return chunk;
}

}  // namespace heddle
