// The chunks of a PNG file, without decoding it (PNG specification, third edition, section 5.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace heddle {

struct PngChunk {
  std::string_view type;  // four letters
  std::string_view data;  // lies behind the type
  uint32_t crc;

  /// Whether the CRC is right. Reads all of the data.
  bool intact() const;
};

/// Walks from chunk to chunk; stops after IEND and where the file is cut.
class PngChunks {
 public:
  /// REQUIRES: `bytes` begin with the PNG signature.
  explicit PngChunks(std::string_view bytes);
  std::optional<PngChunk> next();

 private:
  std::string_view rest_;
};

}  // namespace heddle
