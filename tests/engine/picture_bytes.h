// Picture files byte by byte, as no encoder would write them, and the little that every test of
// pictures needs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <functional>
#include <string>

#include "engine/atomic_file.h"
#include "engine/image_file.h"

namespace heddle::test {

using namespace std::string_literals;

inline const std::string kSignature = "\x89PNG\r\n\x1A\n";
inline const std::filesystem::path kGolden =
    std::filesystem::path(HEDDLE_SOURCE_DIR) / "tests/golden";

inline std::string golden(const std::string& name) { return read_file(kGolden / "images" / name); }

inline std::string big_endian(uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes) & 0xFF);
  return text;
}

inline std::string chunk(const std::string& type, const std::string& data) {
  const std::string framed = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(framed.data()), static_cast<uInt>(framed.size()));
  return big_endian(data.size(), 4) + framed + big_endian(crc, 4);
}

inline std::string deflated(const std::string& raw) {
  std::string bytes(compressBound(raw.size()), '\0');
  uLongf size = bytes.size();
  compress2(reinterpret_cast<Bytef*>(bytes.data()), &size,
            reinterpret_cast<const Bytef*>(raw.data()), raw.size(), Z_BEST_SPEED);
  bytes.resize(size);
  return bytes;
}

enum ColorType { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

inline std::string header(uint64_t width, uint64_t height, int depth, ColorType type) {
  return chunk("IHDR", big_endian(width, 4) + big_endian(height, 4) +
                           std::string{char(depth), char(type), 0, 0, 0});
}

// A PNG from its scan lines, each behind its filter byte.
inline std::string png(const std::string& head, const std::string& scan_lines,
                       const std::string& between = "", const std::string& behind = "") {
  return kSignature + head + between + chunk("IDAT", deflated(scan_lines)) + behind +
         chunk("IEND", "");
}

// One grey pixel, with chunks before and behind it.
inline std::string pixel_png(const std::string& between, const std::string& behind = "") {
  return png(header(1, 1, 8, kGrey), "\0\x80"s, between, behind);
}

inline Picture pattern(int width, int height, int channels) {
  Picture picture;
  picture.width = width;
  picture.height = height;
  picture.channels = channels;
  for (int i = 0; i < width * height * channels; ++i) {
    picture.pixels.push_back(uint16_t(i * 37 % 256));
  }
  return picture;
}

inline Picture read_one(const std::string& bytes) {
  auto pictures = read_pictures_from(bytes, "test");
  EXPECT_THAT(pictures, ::testing::SizeIs(1));
  return pictures.at(0);
}

inline std::string error_of(const std::function<void()>& deed) {
  try {
    deed();
  } catch (const ImageError& error) {
    return error.what();
  }
  return "no error";
}

inline std::string reading_error(const std::string& bytes) {
  return error_of([&] { read_pictures_from(bytes, "x.png"); });
}

inline ImageTexts texts_of(const std::string& bytes) { return read_image_texts(bytes, "test"); }

}  // namespace heddle::test
