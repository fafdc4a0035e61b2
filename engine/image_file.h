// Picture files: PNG, JPEG and WebP, and the texts in them. 8 bits a channel in memory; 16-bit files are read too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle {

struct ImageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Pixels in rows from the top, channels interleaved, EXIF orientation already applied.
struct Picture {
  int width = 0, height = 0;
  int channels = 3;             // 3: RGB, 4: RGBA
  int depth = 8;                // bits a channel: 8 or 16
  std::vector<uint16_t> pixels; // width * height * channels
};

/// Limits that a picture must keep, so that a small file cannot ask for all memory.
inline constexpr int kMaxSide = 32768;
inline constexpr uint64_t kMaxPixels = uint64_t{1} << 28;

/// Keyword -> text, in the order of the file: "prompt", "workflow", "parameters", "heddle"...
using ImageTexts = std::vector<std::pair<std::string, std::string>>;

/// Frames of a file: one, or several of an animated WebP or PNG of equal size. Throws ImageError that names the file and
/// what is wrong (not a picture, truncated, too large: says which limit).
std::vector<Picture> read_pictures(const std::filesystem::path& path);
std::vector<Picture> read_pictures_from(std::string_view bytes, const std::string& name);

/// The texts of a picture without decoding it: PNG tEXt, zTXt and iTXt; JPEG and WebP EXIF as ComfyUI and A1111 write
/// them ("prompt:{...}", "workflow:{...}" in ImageDescription, Make, Model; UserComment as "parameters"). Fuzzed.
/// Damaged pieces are left out; throws ImageError only if the bytes are no picture.
ImageTexts read_image_texts(std::string_view bytes, const std::string& name);

/// True if the bytes begin like a PNG, JPEG or WebP.
bool looks_like_picture(std::string_view bytes);

/// REQUIRES: depth 8. `compression` 0..9 (zlib), `quality` 1..100; `lossless` for WebP.
std::string encode_png(const Picture& picture, const ImageTexts& texts, int compression = 4);
std::string encode_jpeg(const Picture& picture, const ImageTexts& texts, int quality = 90);
std::string encode_webp(const Picture& picture, const ImageTexts& texts, int quality = 90, bool lossless = false);

}  // namespace heddle
