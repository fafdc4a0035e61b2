#include "engine/png_chunks.h"

#include <zlib.h>

namespace heddle {
namespace {

constexpr size_t kPngSignatureBytes = 8;
constexpr size_t kFrameBytes = 12;  // length, type and CRC

uint32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

}  // namespace

bool PngChunk::intact() const {
  const auto* start = reinterpret_cast<const Bytef*>(type.data());
  return crc32_z(crc32_z(0, nullptr, 0), start, type.size() + data.size()) == crc;
}

PngChunks::PngChunks(std::string_view bytes) : rest_(bytes.substr(kPngSignatureBytes)) {}

std::optional<PngChunk> PngChunks::next() {
  if (rest_.size() < kFrameBytes) return std::nullopt;
  const size_t length = big_endian(rest_, 0);
  if (length > rest_.size() - kFrameBytes) return std::nullopt;
  const PngChunk chunk{rest_.substr(4, 4), rest_.substr(8, length), big_endian(rest_, 8 + length)};
  rest_.remove_prefix(kFrameBytes + length);
  if (chunk.type == "IEND") rest_ = {};
  return chunk;
}

}  // namespace heddle
