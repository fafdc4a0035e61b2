// WebP pixels and texts by way of libwebp.
#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <memory>
#include <new>

#include "engine/exif.h"
#include "engine/image_formats.h"

namespace heddle {
namespace {

using Decoder = std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)>;
using Mux = std::unique_ptr<WebPMux, decltype(&WebPMuxDelete)>;

const uint8_t* data_of(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

[[noreturn]] void fail_version() { throw ImageError("libwebp is not the version of its headers"); }

// A canvas as the decoder gives it, always RGBA.
Picture picture_of(const uint8_t* canvas, const WebPAnimInfo& info, int channels) {
  Picture picture;
  picture.width = static_cast<int>(info.canvas_width);
  picture.height = static_cast<int>(info.canvas_height);
  picture.channels = channels;
  const size_t count = size_t{info.canvas_width} * info.canvas_height;
  picture.pixels.resize(count * static_cast<size_t>(channels));
  uint16_t* to = picture.pixels.data();
  for (size_t i = 0; i < count; ++i) to = std::copy_n(canvas + 4 * i, channels, to);
  return picture;
}

void check_webp_header(const EncodedPicture& file) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(data_of(file.bytes), file.bytes.size(), &features);
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) fail_damaged(file, "WebP", "the file ends too early");
  if (status != VP8_STATUS_OK) fail_damaged(file, "WebP", "the header is wrong");
  check_size(file, static_cast<uint64_t>(features.width), static_cast<uint64_t>(features.height));
}

Decoder open_decoder(const EncodedPicture& file) {
  // The RIFF header tells the length, which is the one way to say "truncated" rather than
  // "damaged".
  const auto byte = [&](size_t i) { return uint64_t{static_cast<unsigned char>(file.bytes[i])}; };
  const uint64_t promised = 8 + (byte(4) | byte(5) << 8 | byte(6) << 16 | byte(7) << 24);
  if (promised > file.bytes.size()) {
    fail_damaged(file, "WebP",
                 "it has " + std::to_string(file.bytes.size()) + " of " + std::to_string(promised) +
                     " bytes");
  }
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) fail_version();
  options.color_mode = MODE_RGBA;
  const WebPData data{data_of(file.bytes), file.bytes.size()};
  Decoder decoder(WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  if (decoder == nullptr) fail_damaged(file, "WebP", "its parts do not fit together");
  return decoder;
}

// A WebPPicture with the pixels of ours.
class WebpSource {
 public:
  explicit WebpSource(const Picture& picture) {
    if (WebPPictureInit(&picture_) == 0) fail_version();
    const size_t stride =
        static_cast<size_t>(picture.width) * static_cast<size_t>(picture.channels);
    std::vector<uint8_t> bytes(stride * static_cast<size_t>(picture.height));
    for (int y = 0; y < picture.height; ++y) {
      copy_row(picture, y, bytes.data() + stride * static_cast<size_t>(y));
    }
    picture_.use_argb = 1;
    picture_.width = picture.width;
    picture_.height = picture.height;
    const auto import = picture.channels == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB;
    if (import(&picture_, bytes.data(), static_cast<int>(stride)) == 0) throw std::bad_alloc();
  }
  ~WebpSource() { WebPPictureFree(&picture_); }
  WebpSource(const WebpSource&) = delete;
  WebpSource& operator=(const WebpSource&) = delete;

  std::string encode(const WebPConfig& config) {
    std::string bytes;
    picture_.writer = append;
    picture_.custom_ptr = &bytes;
    if (WebPEncode(&config, &picture_) == 0) {
      throw ImageError("cannot encode a WebP: libwebp error " +
                       std::to_string(picture_.error_code));
    }
    return bytes;
  }

 private:
  static int append(const uint8_t* data, size_t size, const WebPPicture* picture) {
    try {
      static_cast<std::string*>(picture->custom_ptr)
          ->append(reinterpret_cast<const char*>(data), size);
    } catch (const std::bad_alloc&) {  // must not travel through the library, which reports it
      return 0;
    }
    return 1;
  }

  WebPPicture picture_;
};

std::string with_exif(const std::string& bytes, const std::string& exif) {
  const WebPData image{data_of(bytes), bytes.size()}, chunk{data_of(exif), exif.size()};
  const Mux mux(WebPMuxCreate(&image, 0), WebPMuxDelete);
  WebPData result;
  if (mux == nullptr || WebPMuxSetChunk(mux.get(), "EXIF", &chunk, 0) != WEBP_MUX_OK ||
      WebPMuxAssemble(mux.get(), &result) != WEBP_MUX_OK) {
    throw ImageError("cannot put texts into a WebP");
  }
  const std::unique_ptr<WebPData, decltype(&WebPDataClear)> owner(&result, WebPDataClear);
  return std::string(reinterpret_cast<const char*>(result.bytes), result.size);
}

}  // namespace

std::vector<Picture> decode_webp(const EncodedPicture& file) {
  check_webp_header(file);
  const Decoder decoder = open_decoder(file);
  WebPAnimInfo info;
  WebPAnimDecoderGetInfo(decoder.get(), &info);
  check_size(file, info.canvas_width, info.canvas_height, info.frame_count);
  const uint32_t flags =
      WebPDemuxGetI(WebPAnimDecoderGetDemuxer(decoder.get()), WEBP_FF_FORMAT_FLAGS);
  const int channels = (flags & ALPHA_FLAG) != 0 ? 4 : 3;
  std::vector<Picture> pictures;
  while (WebPAnimDecoderHasMoreFrames(decoder.get()) != 0) {
    uint8_t* canvas = nullptr;
    int milliseconds = 0;
    if (WebPAnimDecoderGetNext(decoder.get(), &canvas, &milliseconds) == 0) {
      fail_damaged(file, "WebP",
                   "frame " + std::to_string(pictures.size() + 1) + " cannot be decoded");
    }
    pictures.push_back(picture_of(canvas, info, channels));
  }
  return pictures;
}

std::string_view webp_exif(std::string_view bytes) {
  constexpr size_t kHeaderBytes = 12, kFrameBytes = 8;
  bytes.remove_prefix(kHeaderBytes);
  while (bytes.size() >= kFrameBytes) {
    uint64_t size = 0;
    for (size_t i = 8; i-- > 4;) size = size << 8 | static_cast<unsigned char>(bytes[i]);
    const std::string_view data = bytes.substr(kFrameBytes);
    if (size > data.size()) break;
    if (bytes.starts_with("EXIF")) return data.substr(0, size);
    bytes = data.substr(std::min<uint64_t>(size + size % 2, data.size()));
  }
  return {};
}

std::string encode_webp(const Picture& picture, const ImageTexts& texts, int quality,
                        bool lossless) {
  check_pixels(picture);
  check_texts(texts);
  if (quality < 1 || quality > 100) {
    throw ImageError("WebP quality " + std::to_string(quality) + " is outside 1..100");
  }
  if (picture.width > WEBP_MAX_DIMENSION || picture.height > WEBP_MAX_DIMENSION) {
    throw ImageError("a WebP has at most " + std::to_string(WEBP_MAX_DIMENSION) +
                     " pixels a side, not " + std::to_string(picture.width) + " x " +
                     std::to_string(picture.height) + ": save as PNG");
  }
  WebPConfig config;
  if (WebPConfigInit(&config) == 0) fail_version();
  config.quality = static_cast<float>(quality);
  config.lossless = lossless;
  config.exact = lossless;
  const std::string bytes = WebpSource(picture).encode(config);
  return texts.empty() ? bytes : with_exif(bytes, make_exif(texts));
}

}  // namespace heddle
