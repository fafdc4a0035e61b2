#include "nodes/picture_tensor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace heddle {
namespace {

// Channels begin..end-1 as bytes, [H, W, end - begin], fp32 in 0..1.
at::Tensor channels(const Picture& picture, int begin, int end) {
  at::Tensor result = at::empty({picture.height, picture.width, end - begin});
  float* out = result.data_ptr<float>();
  const int shift = picture.depth - 8;
  const size_t count = size_t(picture.width) * size_t(picture.height);
  for (size_t at = 0; at < count; ++at) {
    for (int c = begin; c < end; ++c) *out++ = float(picture.pixels[at * size_t(picture.channels) + size_t(c)] >> shift) / 255.0f;
  }
  return result;
}

}  // namespace

at::Tensor picture_colours(const Picture& picture) { return channels(picture, 0, 3).unsqueeze(0); }

at::Tensor picture_mask(const Picture& picture) { return (1 - channels(picture, 3, 4)).squeeze(-1).unsqueeze(0); }

Picture to_picture(const at::Tensor& pixels, int64_t index) {
  const at::Tensor image = pixels.select(0, index);
  const int64_t kept = std::min<int64_t>(image.size(2), 4);
  // Clipping in fp32 first: a cast of what does not fit is undefined.
  at::Tensor bytes = (image.slice(2, 0, kept) * 255.0f).clamp(0, 255).to(at::kByte).contiguous();
  if (kept < 3) bytes = bytes.slice(2, 0, 1).expand({image.size(0), image.size(1), 3}).contiguous();
  Picture picture{.width = int(image.size(1)), .height = int(image.size(0)), .channels = int(bytes.size(2))};
  const uint8_t* first = bytes.data_ptr<uint8_t>();
  picture.pixels.assign(first, first + bytes.numel());
  return picture;
}

}  // namespace heddle
