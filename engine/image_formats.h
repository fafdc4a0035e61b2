// What image_file.cc puts together: one decoder a format, where each format keeps its texts, and
// the checks all share. Nothing outside engine/ image and EXIF files includes this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/image_file.h"

namespace heddle {

/// Bytes to decode, what errors call them, and how many pixels they may give.
struct EncodedPicture {
  std::string_view bytes;
  const std::string& name;
  uint64_t max_pixels;
};

/// Decoders give pixels as they lie in the file, before orientation. They throw ImageError.
Picture decode_png(const EncodedPicture& file);
Picture decode_jpeg(const EncodedPicture& file);
std::vector<Picture> decode_webp(const EncodedPicture& file);

/// The EXIF block, or "" if there is none. Never throw.
std::string_view png_exif(std::string_view bytes);
std::string_view jpeg_exif(std::string_view bytes);
std::string_view webp_exif(std::string_view bytes);

/// tEXt, zTXt, iTXt and comf of a PNG. Damaged ones are left out.
ImageTexts png_texts(std::string_view bytes);

/// A PNG chunk that holds a text: its type and its data.
struct PngTextChunk {
  const char* type;
  std::string data;
};
PngTextChunk make_png_text(const std::string& keyword, const std::string& text);

/// Throws ImageError if a picture of these sides, or `frames` of them, is past a limit. Call it
/// before allocating.
void check_size(const EncodedPicture& file, uint64_t width, uint64_t height, uint64_t frames = 1);

/// Throws ImageError that names the file: "NAME: damaged PNG: REASON".
[[noreturn]] void fail_damaged(const EncodedPicture& file, const char* format,
                               const std::string& reason);

/// True for 1..79 printable ASCII characters without a space at either end (PNG section 11.3.3.2,
/// less Latin-1).
bool is_keyword(std::string_view keyword);

/// The rules that every format shares. Throw ImageError.
void check_texts(const ImageTexts& texts);
void check_pixels(const Picture& picture);

/// Row `y` in 8 bits a channel. REQUIRES: depth 8.
void copy_row(const Picture& picture, int y, unsigned char* row);

}  // namespace heddle
