// Any bytes as a picture: its texts, then its pixels. Once as they are and once with the CRCs of a
// PNG made right, since hardly any change to a chunk would get past them.
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/image_file.h"

namespace {

using heddle::ImageError;
using heddle::ImageTexts;
using heddle::Picture;

constexpr uint64_t kFewPixels = 1 << 18;  // keeps a run fast; the checks are the same

// What was read from a PNG must be what a PNG can hold.
void write_and_read_again(const ImageTexts& texts) {
  Picture pixel;
  pixel.width = pixel.height = 1;
  pixel.pixels.assign(3, 0);
  if (heddle::read_image_texts(heddle::encode_png(pixel, texts), "again") != texts) std::abort();
}

void check_sizes(const Picture& picture) {
  const uint64_t pixels = uint64_t(picture.width) * uint64_t(picture.height);
  if (pixels == 0 || pixels > kFewPixels) std::abort();
  if (picture.pixels.size() != pixels * uint64_t(picture.channels)) std::abort();
}

void read(const std::string& bytes) {
  try {
    const ImageTexts texts = heddle::read_image_texts(bytes, "input");
    if (bytes[0] == '\x89') write_and_read_again(texts);
    for (const Picture& picture : heddle::read_pictures_from(bytes, "input", kFewPixels))
      check_sizes(picture);
  } catch (const ImageError&) {  // the one way to say no
  }
}

std::string with_right_crcs(std::string bytes) {
  size_t at = 8;
  while (at + 12 <= bytes.size()) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
    if (length > bytes.size() - at - 12) break;
    const auto* start = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);
    const auto crc = crc32_z(0, start, length + 4);
    for (size_t i = 0; i < 4; ++i)
      bytes[at + 8 + length + i] = static_cast<char>(crc >> (24 - 8 * i));
    at += 12 + length;
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  if (bytes.starts_with("\x89PNG")) read(with_right_crcs(bytes));
  return 0;
}
