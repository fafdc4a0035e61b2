#include "engine/server/picture_channels.h"

#include <cassert>

namespace heddle::server {
namespace {

constexpr uint16_t kOpaque = 255;

uint16_t alpha_at(const Picture& picture, size_t pixel) {
  return picture.channels == 4 ? picture.pixels[4 * pixel + 3] : kOpaque;
}

size_t pixel_count(const Picture& picture) { return size_t(picture.width) * size_t(picture.height); }

}  // namespace

Picture eight_bits(Picture picture) {
  if (picture.depth == 8) return picture;
  for (uint16_t& value : picture.pixels) value >>= 8;
  picture.depth = 8;
  return picture;
}

Picture without_alpha(Picture picture) {
  if (picture.channels == 3) return picture;
  const size_t count = pixel_count(picture);
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < 3; ++c) picture.pixels[3 * i + c] = picture.pixels[4 * i + c];
  }
  picture.pixels.resize(3 * count);
  picture.channels = 3;
  return picture;
}

Picture alpha_alone(const Picture& picture) {
  const size_t count = pixel_count(picture);
  Picture alone;
  alone.width = picture.width;
  alone.height = picture.height;
  alone.channels = 4;
  alone.pixels.resize(4 * count);
  for (size_t i = 0; i < count; ++i) alone.pixels[4 * i + 3] = alpha_at(picture, i);
  return alone;
}

Picture with_alpha_of(Picture picture, const Picture& mask) {
  assert(picture.width == mask.width && picture.height == mask.height && "sizes differ");
  const size_t count = pixel_count(picture);
  Picture result;
  result.width = picture.width;
  result.height = picture.height;
  result.channels = 4;
  result.pixels.resize(4 * count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < 3; ++c) result.pixels[4 * i + c] = picture.pixels[size_t(picture.channels) * i + c];
    result.pixels[4 * i + 3] = alpha_at(mask, i);
  }
  return result;
}

}  // namespace heddle::server
