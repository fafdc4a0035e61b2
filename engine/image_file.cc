#include "engine/image_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "engine/atomic_file.h"
#include "engine/exif.h"
#include "engine/image_formats.h"
#include "engine/text_encoding.h"

namespace heddle {
namespace {

enum class Format { kNone, kPng, kJpeg, kWebp };

constexpr size_t kSignatureBytes = 12;  // the longest

Format format_of(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) return Format::kPng;
  if (bytes.starts_with("\xFF\xD8\xFF")) return Format::kJpeg;
  if (bytes.size() >= kSignatureBytes && bytes.starts_with("RIFF") &&
      bytes.substr(8, 4) == "WEBP") {
    return Format::kWebp;
  }
  return Format::kNone;
}

[[noreturn]] void fail_unknown(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) throw ImageError(name + ": the file is empty");
  std::string start;
  for (unsigned char c : bytes.substr(0, 8)) {
    std::array<char, 4> hex;
    std::snprintf(hex.data(), hex.size(), " %02X", c);
    start += hex.data();
  }
  throw ImageError(name + ": not a PNG, JPEG or WebP picture (it begins with the bytes" + start +
                   ")");
}

Exif exif_of(std::string_view bytes, Format format) {
  if (format == Format::kPng) return parse_exif(png_exif(bytes));
  return parse_exif(format == Format::kJpeg ? jpeg_exif(bytes) : webp_exif(bytes));
}

// Where in the file's picture, of the given sides, pixel (x, y) of the upright one lies (Exif 2.32,
// tag 0x0112).
size_t source_of(size_t x, size_t y, int orientation, size_t width, size_t height) {
  const bool transposed = orientation >= 5;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  if (transposed) std::swap(x, y);
  if (from_right) x = width - 1 - x;
  if (from_bottom) y = height - 1 - y;
  return y * width + x;
}

void turn_upright(Picture& picture, int orientation) {
  if (orientation == 1) return;
  const auto width = static_cast<size_t>(picture.width),
             height = static_cast<size_t>(picture.height);
  const auto channels = static_cast<size_t>(picture.channels);
  if (orientation >= 5) std::swap(picture.width, picture.height);
  std::vector<uint16_t> upright(picture.pixels.size());
  uint16_t* to = upright.data();
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const size_t from =
          source_of(static_cast<size_t>(x), static_cast<size_t>(y), orientation, width, height);
      to = std::copy_n(picture.pixels.data() + from * channels, channels, to);
    }
  }
  picture.pixels = std::move(upright);
}

std::vector<Picture> decode(const EncodedPicture& file, Format format) {
  std::vector<Picture> pictures;
  if (format == Format::kWebp) return decode_webp(file);
  pictures.push_back(format == Format::kPng ? decode_png(file) : decode_jpeg(file));
  return pictures;
}

// Looks before it reads: what is named as a picture may be a checkpoint of 7 GB.
std::string read_picture_file(const std::filesystem::path& path) {
  std::string start(kSignatureBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  if (file.read(start.data(), kSignatureBytes) && !looks_like_picture(start)) {
    fail_unknown(start, path.string());
  }
  try {
    return read_file(path);
  } catch (const std::runtime_error& error) {
    throw ImageError(error.what());
  }
}

}  // namespace

std::vector<Picture> read_pictures(const std::filesystem::path& path) {
  return read_pictures_from(read_picture_file(path), path.string());
}

std::vector<Picture> read_pictures_from(std::string_view bytes, const std::string& name,
                                        uint64_t max_pixels) {
  const Format format = format_of(bytes);
  if (format == Format::kNone) fail_unknown(bytes, name);
  std::vector<Picture> pictures = decode({bytes, name, max_pixels}, format);
  const int orientation = exif_of(bytes, format).orientation;
  for (Picture& picture : pictures) turn_upright(picture, orientation);
  return pictures;
}

ImageTexts read_image_texts(std::string_view bytes, const std::string& name) {
  const Format format = format_of(bytes);
  if (format == Format::kNone) fail_unknown(bytes, name);
  return format == Format::kPng ? png_texts(bytes) : exif_of(bytes, format).texts;
}

bool looks_like_picture(std::string_view bytes) { return format_of(bytes) != Format::kNone; }

void check_size(const EncodedPicture& file, uint64_t width, uint64_t height, uint64_t frames) {
  const std::string seen = (frames == 1 ? "" : std::to_string(frames) + " frames of ") +
                           std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (width == 0 || height == 0) {
    throw ImageError(file.name + ": a picture without pixels, " + seen);
  }
  if (std::max(width, height) > kMaxSide) {
    throw ImageError(file.name + ": too large, " + seen + ": a side may have at most " +
                     std::to_string(kMaxSide));
  }
  if (width * height * frames > file.max_pixels) {
    throw ImageError(file.name + ": too large, " + seen + ": at most " +
                     std::to_string(file.max_pixels) + " pixels are read");
  }
}

void fail_damaged(const EncodedPicture& file, const char* format, const std::string& reason) {
  throw ImageError(file.name + ": damaged " + format + ": " + reason);
}

bool is_keyword(std::string_view keyword) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return !keyword.empty() && keyword.size() <= 79 && keyword.front() != ' ' &&
         keyword.back() != ' ' && std::all_of(keyword.begin(), keyword.end(), printable);
}

void check_texts(const ImageTexts& texts) {
  for (const auto& [keyword, text] : texts) {
    if (!is_keyword(keyword)) {
      throw ImageError(
          "a keyword must be 1..79 printable ASCII characters without spaces around them, not \"" +
          keyword + "\"");
    }
    if (text.find('\0') != text.npos || !is_utf8(text)) {
      throw ImageError("the text \"" + keyword +
                       "\" is not UTF-8 without NUL, so no picture can hold it");
    }
  }
}

void check_pixels(const Picture& picture) {
  const std::string sides = std::to_string(picture.width) + " x " + std::to_string(picture.height);
  if (picture.width < 1 || picture.height < 1 || (picture.channels != 3 && picture.channels != 4) ||
      picture.depth != 8) {
    throw ImageError("cannot encode a picture of " + sides + " pixels, " +
                     std::to_string(picture.channels) + " channels, " +
                     std::to_string(picture.depth) + " bits: RGB or RGBA in 8 bits is wanted");
  }
  const uint64_t wanted =
      uint64_t(picture.width) * uint64_t(picture.height) * uint64_t(picture.channels);
  if (picture.pixels.size() != wanted) {
    throw ImageError("cannot encode a picture of " + sides + " pixels: it has " +
                     std::to_string(picture.pixels.size()) + " values, not " +
                     std::to_string(wanted));
  }
}

void copy_row(const Picture& picture, int y, unsigned char* row) {
  const size_t count = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.channels);
  const auto from = picture.pixels.begin() + static_cast<ptrdiff_t>(count * static_cast<size_t>(y));
  std::transform(from, from + static_cast<ptrdiff_t>(count), row,
                 [](uint16_t value) { return static_cast<unsigned char>(value); });
}

}  // namespace heddle
