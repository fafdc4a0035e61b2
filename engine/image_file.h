// Picture files: PNG, JPEG and WebP, and the texts in them. 8 bits a channel in memory; 16-bit
// files are read too. All functions are pure apart from read_pictures(), which reads its file, and
// may be called from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
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
  int channels = 3;  // 3: RGB, 4: RGBA
  int depth = 8;     // bits a channel: 8 or 16
  bool color_key =
      false;  // the alpha was made from the one colour that a PNG without alpha calls transparent
  std::vector<uint16_t> pixels;  // width * height * channels
};

/// Limits that a picture must keep, so that a small file cannot ask for all memory.
inline constexpr int kMaxSide = 32768;
inline constexpr uint64_t kMaxPixels = uint64_t{1} << 28;
/// All compressed texts of a PNG together, once inflated.
inline constexpr uint64_t kMaxInflatedText = uint64_t{64} << 20;

/// Keyword -> text in UTF-8, in the order of the file: "prompt", "workflow", "parameters",
/// "heddle"...
using ImageTexts = std::vector<std::pair<std::string, std::string>>;

/// Frames of a file: one, or all of an animated WebP, each as large as its canvas. Of an animated
/// PNG the first picture only. Grey becomes RGB; a palette or a grey or RGB PNG with transparency
/// becomes RGBA; CMYK becomes RGB without a colour profile, as Pillow does it. Gamma and profiles
/// are not applied. Throws ImageError that names the file and what is wrong (not a picture,
/// damaged, truncated, too large: says which limit).
std::vector<Picture> read_pictures(const std::filesystem::path& path);

/// The same for bytes; `name` is what errors call them. `max_pixels` counts all frames.
std::vector<Picture> read_pictures_from(std::string_view bytes, const std::string& name,
                                        uint64_t max_pixels = kMaxPixels);

/// The texts of a picture without decoding it: PNG tEXt, zTXt, iTXt and ComfyUI's own comf; JPEG
/// and WebP EXIF as ComfyUI and A1111 write them ("prompt:{...}", "workflow:{...}" in
/// ImageDescription, Make, Model; UserComment as "parameters"). Damaged pieces are left out; throws
/// ImageError only if the bytes are no picture. What it gives for a PNG, encode_png() takes.
ImageTexts read_image_texts(std::string_view bytes, const std::string& name);

/// True if the bytes begin like a PNG, JPEG or WebP.
bool looks_like_picture(std::string_view bytes);

/// The file as bytes. `compression` 0..9 (zlib), `quality` 1..100; `lossless` for WebP, which then
/// keeps the colour of transparent pixels too. JPEG has no alpha: it is dropped, not blended.
/// REQUIRES: depth 8. Throws ImageError for a text that the format cannot hold (keywords are 1..79
/// printable ASCII characters, texts UTF-8 without NUL; a JPEG takes 64 kB of texts), and for sides
/// past the format's own limit (JPEG 65500, WebP 16383).
std::string encode_png(const Picture& picture, const ImageTexts& texts, int compression = 4);
std::string encode_jpeg(const Picture& picture, const ImageTexts& texts, int quality = 90);
std::string encode_webp(const Picture& picture, const ImageTexts& texts, int quality = 90,
                        bool lossless = false);

}  // namespace heddle
