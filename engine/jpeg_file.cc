// JPEG pixels by way of libjpeg. Its errors leave by longjmp, so every function that calls setjmp
// has no object with a destructor: what must live longer are members, and results are "it worked".
#include <stdio.h>  // jpeglib.h uses FILE and does not say so

#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <new>

#include "engine/exif.h"
#include "engine/image_formats.h"

namespace heddle {
namespace {

// A scan of a few bytes makes the decoder walk through the whole picture; encoders use about ten.
constexpr int kMaxScans = 200;

// libjpeg's error handler with what it needs beside it. `base` is first, so that either pointer is
// the other's.
struct Errors {
  jpeg_error_mgr base;
  std::jmp_buf leave;
  std::array<char, JMSG_LENGTH_MAX> reason;
};

[[noreturn]] void on_error(j_common_ptr jpeg) {
  auto* errors = reinterpret_cast<Errors*>(jpeg->err);
  errors->base.format_message(jpeg, errors->reason.data());
  std::longjmp(errors->leave, 1);
}

// libjpeg calls it a warning when data is missing and grey is put in its place; here that is an
// error.
void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  const int code = jpeg->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
  if (!harmless) on_error(jpeg);
}

void print_nothing(j_common_ptr) {}

void set_up(Errors& errors) {
  jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = on_message;
  errors.base.output_message = print_nothing;
  errors.reason[0] = '\0';
}

// Pillow's conversion, which ComfyUI sees: no profile, each ink darkens on its own.
unsigned char with_black(unsigned ink, unsigned black) {
  // Adobe writes inks inverted, 255 for none, and every CMYK file is read as if Adobe had.
  const unsigned product = (255 - ink) * black + 128;
  return static_cast<unsigned char>(black - (((product >> 8) + product) >> 8));
}

class JpegReader {
 public:
  explicit JpegReader(const EncodedPicture& file) : file_(file) {
    set_up(errors_);
    jpeg_.err = &errors_.base;
  }
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Picture read() {
    if (!read_header()) fail();
    check_size(file_, jpeg_.image_width, jpeg_.image_height);
    if (!start()) fail();
    picture_.width = static_cast<int>(jpeg_.output_width);
    picture_.height = static_cast<int>(jpeg_.output_height);
    row_.resize(size_t{jpeg_.output_width} * static_cast<size_t>(jpeg_.output_components));
    picture_.pixels.resize(size_t{jpeg_.output_width} * 3 * jpeg_.output_height);
    uint16_t* to = picture_.pixels.data();
    for (int y = 0; y < picture_.height; ++y) {
      if (!read_row()) fail();
      to = jpeg_.out_color_space == JCS_CMYK ? put_cmyk(to)
                                             : std::copy(row_.begin(), row_.end(), to);
    }
    if (!finish()) fail();
    return std::move(picture_);
  }

 private:
  [[noreturn]] void fail() { fail_damaged(file_, "JPEG", errors_.reason.data()); }

  static void on_progress(j_common_ptr jpeg) {
    if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= kMaxScans) return;
    auto* errors = reinterpret_cast<Errors*>(jpeg->err);
    std::snprintf(errors->reason.data(), errors->reason.size(), "more than %d scans", kMaxScans);
    std::longjmp(errors->leave, 1);
  }

  bool read_header() {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    progress_.progress_monitor = on_progress;
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(file_.bytes.data()),
                 file_.bytes.size());
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  bool start() {
    if (setjmp(errors_.leave) != 0) return false;
    const bool inks = jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK;
    jpeg_.out_color_space = inks ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&jpeg_);
    return true;
  }

  bool read_row() {
    if (setjmp(errors_.leave) != 0) return false;
    JSAMPROW row = row_.data();
    jpeg_read_scanlines(&jpeg_, &row, 1);
    return true;
  }

  bool finish() {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  uint16_t* put_cmyk(uint16_t* to) const {
    for (size_t at = 0; at < row_.size(); at += 4) {
      for (size_t ink = 0; ink < 3; ++ink) *to++ = with_black(row_[at + ink], row_[at + 3]);
    }
    return to;
  }

  const EncodedPicture& file_;
  Errors errors_;
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct jpeg_{};
  Picture picture_;
  std::vector<unsigned char> row_;
};

class JpegWriter {
 public:
  JpegWriter() {
    set_up(errors_);
    jpeg_.err = &errors_.base;
  }
  ~JpegWriter() { jpeg_destroy_compress(&jpeg_); }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  std::string write(const Picture& picture, const std::string& exif, int quality) {
    if (!start(picture, quality)) fail();
    if (!exif.empty() && !write_exif(exif)) fail();
    std::vector<unsigned char> row(static_cast<size_t>(picture.width) *
                                   static_cast<size_t>(picture.channels));
    for (int y = 0; y < picture.height; ++y) {
      copy_row(picture, y, row.data());
      if (!write_row(row.data())) fail();
    }
    if (!finish()) fail();
    return std::move(bytes_);
  }

 private:
  // libjpeg's own memory destination loses track of its buffer when an error leaves the library.
  struct Destination {
    jpeg_destination_mgr base;
    JpegWriter* writer;
    std::array<JOCTET, 1 << 14> buffer;
  };

  [[noreturn]] void fail() {
    throw ImageError(std::string("cannot encode a JPEG: ") + errors_.reason.data());
  }

  static void empty_buffer(j_compress_ptr jpeg) {
    auto* destination = reinterpret_cast<Destination*>(jpeg->dest);
    destination->base.next_output_byte = destination->buffer.data();
    destination->base.free_in_buffer = destination->buffer.size();
  }

  static void keep(j_compress_ptr jpeg, size_t size) {
    auto* destination = reinterpret_cast<Destination*>(jpeg->dest);
    bool fits = true;
    try {
      destination->writer->bytes_.append(reinterpret_cast<const char*>(destination->buffer.data()),
                                         size);
    } catch (const std::bad_alloc&) {  // must not travel through the library
      fits = false;
    }
    if (!fits) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    empty_buffer(jpeg);
  }

  static boolean on_full(j_compress_ptr jpeg) {
    keep(jpeg, reinterpret_cast<Destination*>(jpeg->dest)->buffer.size());
    return TRUE;
  }

  static void on_end(j_compress_ptr jpeg) {
    keep(jpeg,
         reinterpret_cast<Destination*>(jpeg->dest)->buffer.size() - jpeg->dest->free_in_buffer);
  }

  bool start(const Picture& picture, int quality) {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_create_compress(&jpeg_);
    destination_.base.init_destination = empty_buffer;
    destination_.base.empty_output_buffer = on_full;
    destination_.base.term_destination = on_end;
    destination_.writer = this;
    jpeg_.dest = &destination_.base;
    jpeg_.image_width = static_cast<JDIMENSION>(picture.width);
    jpeg_.image_height = static_cast<JDIMENSION>(picture.height);
    jpeg_.input_components = picture.channels;
    jpeg_.in_color_space = picture.channels == 4 ? JCS_EXT_RGBX : JCS_RGB;
    jpeg_set_defaults(&jpeg_);
    jpeg_set_quality(&jpeg_, quality, TRUE);
    jpeg_start_compress(&jpeg_, TRUE);
    return true;
  }

  bool write_exif(const std::string& exif) {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_write_marker(&jpeg_, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned>(exif.size()));
    return true;
  }

  bool write_row(unsigned char* row) {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_write_scanlines(&jpeg_, &row, 1);
    return true;
  }

  bool finish() {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_finish_compress(&jpeg_);
    return true;
  }

  Errors errors_;
  Destination destination_{};
  jpeg_compress_struct jpeg_{};
  std::string bytes_;
};

}  // namespace

Picture decode_jpeg(const EncodedPicture& file) { return JpegReader(file).read(); }

std::string_view jpeg_exif(std::string_view bytes) {
  size_t at = 2;  // past the start marker
  while (at + 4 <= bytes.size() && bytes[at] == '\xFF') {
    const auto marker = static_cast<unsigned char>(bytes[at + 1]);
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) break;  // pixels, end
    const size_t length =
        static_cast<unsigned char>(bytes[at + 2]) << 8 | static_cast<unsigned char>(bytes[at + 3]);
    if (length < 2 || length > bytes.size() - at - 2) break;
    const std::string_view data = bytes.substr(at + 4, length - 2);
    if (marker == 0xE1 && data.starts_with(kExifPrefix)) return data;
    at += 2 + length;
  }
  return {};
}

std::string encode_jpeg(const Picture& picture, const ImageTexts& texts, int quality) {
  constexpr size_t kMaxSegment = 65533;
  check_pixels(picture);
  check_texts(texts);
  if (quality < 1 || quality > 100) {
    throw ImageError("JPEG quality " + std::to_string(quality) + " is outside 1..100");
  }
  if (picture.width > JPEG_MAX_DIMENSION || picture.height > JPEG_MAX_DIMENSION) {
    throw ImageError("a JPEG has at most " + std::to_string(JPEG_MAX_DIMENSION) +
                     " pixels a side, not " + std::to_string(picture.width) + " x " +
                     std::to_string(picture.height) + ": save as PNG");
  }
  const std::string exif = texts.empty() ? "" : std::string(kExifPrefix) + make_exif(texts);
  if (exif.size() > kMaxSegment) {
    throw ImageError("the texts take " + std::to_string(exif.size()) + " bytes and a JPEG holds " +
                     std::to_string(kMaxSegment) +
                     ": save as PNG or WebP, or without the workflow");
  }
  return JpegWriter().write(picture, exif, quality);
}

}  // namespace heddle
