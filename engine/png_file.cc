// PNG pixels by way of libpng. Its errors leave by longjmp, so every function that calls setjmp has
// no object with a destructor: what must live longer are members, and results are "it worked".
#include <png.h>

#include <array>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include "engine/image_formats.h"

namespace heddle {
namespace {

// What libpng said. No allocation, since it is filled on the way to a longjmp.
struct Report {
  std::array<char, 200> error{};
  bool transparency_lost = false;
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto& error = static_cast<Report*>(png_get_error_ptr(png))->error;
  std::snprintf(error.data(), error.size(), "%s", text);
  png_longjmp(png, 1);
}

// Warnings are about chunks that give no pixels and bytes too many, with one exception: a tRNS that
// cannot be used.
void on_warning(png_structp png, png_const_charp text) {
  if (std::strncmp(text, "tRNS", 4) == 0)
    static_cast<Report*>(png_get_error_ptr(png))->transparency_lost = true;
}

class PngReader {
 public:
  explicit PngReader(const EncodedPicture& file)
      : file_(file),
        rest_(file.bytes),
        png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &report_, on_error, on_warning)) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Picture read() {
    if (info_ == nullptr) throw std::bad_alloc();
    if (!read_header()) fail();
    const size_t row_values =
        static_cast<size_t>(picture_.width) * static_cast<size_t>(picture_.channels);
    picture_.pixels.resize(row_values * static_cast<size_t>(picture_.height));
    rows_.resize(static_cast<size_t>(picture_.height));
    for (size_t y = 0; y < rows_.size(); ++y) {
      rows_[y] = reinterpret_cast<png_bytep>(picture_.pixels.data() + y * row_values);
    }
    if (!read_rows()) fail();
    if (picture_.depth == 8) {
      for (size_t y = 0; y < rows_.size(); ++y) {
        widen(picture_.pixels.data() + y * row_values, row_values);
      }
    }
    return std::move(picture_);
  }

 private:
  [[noreturn]] void fail() { fail_damaged(file_, "PNG", report_.error.data()); }

  static void on_read(png_structp png, png_bytep to, size_t size) {
    auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > self->rest_.size()) png_error(png, "the file ends too early");
    std::memcpy(to, self->rest_.data(), size);
    self->rest_.remove_prefix(size);
  }

  // Everything becomes RGB or RGBA in 8 or 16 bits.
  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, on_read);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // Only what gives pixels is read: a profile or a text may inflate to anything.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_read_info(png_, info_);
    const int type = png_get_color_type(png_, info_);
    if (report_.transparency_lost && (type & PNG_COLOR_MASK_ALPHA) == 0)
      png_error(png_, "tRNS: it does not fit");
    picture_.color_key =
        type != PNG_COLOR_TYPE_PALETTE && png_get_valid(png_, info_, PNG_INFO_tRNS) != 0;
    png_set_expand(png_);
    png_set_gray_to_rgb(png_);
    if (std::endian::native == std::endian::little) png_set_swap(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    picture_.width = static_cast<int>(png_get_image_width(png_, info_));
    picture_.height = static_cast<int>(png_get_image_height(png_, info_));
    picture_.channels = png_get_channels(png_, info_);
    picture_.depth = png_get_bit_depth(png_, info_);
    return true;
  }

  bool read_rows() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
    return true;
  }

  // A row of bytes was read into the first half of its place. From the back, no byte is overwritten
  // before its turn.
  static void widen(uint16_t* row, size_t count) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(row);
    for (size_t i = count; i-- > 0;) row[i] = bytes[i];
  }

  const EncodedPicture& file_;
  std::string_view rest_;
  Report report_;
  Picture picture_;
  std::vector<png_bytep> rows_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

class PngWriter {
 public:
  PngWriter()
      : png_(png_create_write_struct(PNG_LIBPNG_VER_STRING, &report_, on_error, on_warning)) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngWriter() { png_destroy_write_struct(&png_, &info_); }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  std::string write(const Picture& picture, const std::vector<PngTextChunk>& texts,
                    int compression) {
    if (info_ == nullptr) throw std::bad_alloc();
    row_.resize(static_cast<size_t>(picture.width) * static_cast<size_t>(picture.channels));
    if (!write_header(picture, compression)) fail();
    for (const PngTextChunk& text : texts) {
      if (!write_text(text)) fail();
    }
    for (int y = 0; y < picture.height; ++y) {
      copy_row(picture, y, row_.data());
      if (!write_row()) fail();
    }
    if (!write_end()) fail();
    return std::move(bytes_);
  }

 private:
  [[noreturn]] void fail() {
    throw ImageError(std::string("cannot encode a PNG: ") + report_.error.data());
  }

  static void on_write(png_structp png, png_bytep from, size_t size) {
    auto* self = static_cast<PngWriter*>(png_get_io_ptr(png));
    bool fits = true;
    try {
      self->bytes_.append(reinterpret_cast<const char*>(from), size);
    } catch (const std::bad_alloc&) {  // must not travel through the library
      fits = false;
    }
    if (!fits) png_error(png, "out of memory");
  }

  bool write_header(const Picture& picture, int compression) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_write_fn(png_, this, on_write, nullptr);
    png_set_compression_level(png_, compression);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(picture.width),
                 static_cast<png_uint_32>(picture.height), 8,
                 picture.channels == 4 ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png_, info_);
    return true;
  }

  bool write_text(const PngTextChunk& text) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_write_chunk(png_, reinterpret_cast<png_const_bytep>(text.type),
                    reinterpret_cast<png_const_bytep>(text.data.data()), text.data.size());
    return true;
  }

  bool write_row() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_write_row(png_, row_.data());
    return true;
  }

  bool write_end() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_write_end(png_, nullptr);
    return true;
  }

  Report report_;
  std::string bytes_;
  std::vector<unsigned char> row_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

// The sides stand at a fixed place, so a picture that is too large is refused before anything else
// is looked at.
void check_header(const EncodedPicture& file) {
  constexpr size_t kTypeAt = 12, kWidthAt = 16, kHeightAt = 20, kEnd = 24;
  if (file.bytes.size() < kEnd || file.bytes.substr(kTypeAt, 4) != "IHDR") {
    fail_damaged(
        file, "PNG",
        file.bytes.size() < kEnd ? "the file ends too early" : "no header where it must be");
  }
  const auto* bytes = reinterpret_cast<png_const_bytep>(file.bytes.data());
  check_size(file, png_get_uint_32(bytes + kWidthAt), png_get_uint_32(bytes + kHeightAt));
}

}  // namespace

Picture decode_png(const EncodedPicture& file) {
  check_header(file);
  return PngReader(file).read();
}

std::string encode_png(const Picture& picture, const ImageTexts& texts, int compression) {
  check_pixels(picture);
  check_texts(texts);
  if (compression < 0 || compression > 9) {
    throw ImageError("PNG compression " + std::to_string(compression) + " is outside 0..9");
  }
  std::vector<PngTextChunk> chunks;
  for (const auto& [keyword, text] : texts) {
    if (text.size() >= INT32_MAX / 2)
      throw ImageError("the text \"" + keyword + "\" is too long for a PNG");
    chunks.push_back(make_png_text(keyword, text));
  }
  return PngWriter().write(picture, chunks, compression);
}

}  // namespace heddle
