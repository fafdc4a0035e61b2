#include "engine/server/preview_picture.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace heddle::server {
namespace {

// What one pixel of the result is made of: pixels `first`... of the source, each with its share.
struct Share {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Share> shares(int from, int to) {
  const double scale = double(from) / to, reach = std::max(scale, 1.0);
  std::vector<Share> all(size_t(to), Share{});
  for (int k = 0; k < to; ++k) {
    const double center = (k + 0.5) * scale;
    const int first = std::max(0, int(std::floor(center - reach + 0.5)));
    const int end = std::min(from, int(std::floor(center + reach + 0.5)));
    Share& share = all[size_t(k)];
    share.first = first;
    float sum = 0;
    for (int at = first; at < end; ++at) {
      const float weight = float(std::max(0.0, 1 - std::abs((at + 0.5 - center) / reach)));
      share.weights.push_back(weight);
      sum += weight;
    }
    for (float& weight : share.weights) weight /= sum;
  }
  return all;
}

// Rows of `width` pixels to rows of shares.size() pixels.
std::vector<float> scale_rows(const std::vector<float>& pixels, int width, int height, int channels,
                              const std::vector<Share>& shares) {
  std::vector<float> scaled(shares.size() * size_t(height) * size_t(channels));
  float* out = scaled.data();
  for (int y = 0; y < height; ++y) {
    const float* row = pixels.data() + size_t(y) * size_t(width) * size_t(channels);
    for (const Share& share : shares) {
      for (int c = 0; c < channels; ++c) {
        float sum = 0;
        for (size_t k = 0; k < share.weights.size(); ++k) {
          sum += share.weights[k] * row[(size_t(share.first) + k) * size_t(channels) + size_t(c)];
        }
        *out++ = sum;
      }
    }
  }
  return scaled;
}

std::vector<float> turned(const std::vector<float>& pixels, int width, int height, int channels) {
  std::vector<float> result(pixels.size());
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        result[(size_t(x) * size_t(height) + size_t(y)) * size_t(channels) + size_t(c)] =
            pixels[(size_t(y) * size_t(width) + size_t(x)) * size_t(channels) + size_t(c)];
      }
    }
  }
  return result;
}

}  // namespace

Picture fit_picture(const Picture& picture, int side) {
  const int longer = std::max(picture.width, picture.height);
  if (longer == side || longer == 0) return picture;
  const auto scaled = [&](int length) { return std::max(1, int(std::lround(double(length) * side / longer))); };
  Picture fitted{.width = scaled(picture.width), .height = scaled(picture.height), .channels = picture.channels, .pixels = {}};
  std::vector<float> pixels(picture.pixels.begin(), picture.pixels.end());
  pixels = scale_rows(pixels, picture.width, picture.height, picture.channels, shares(picture.width, fitted.width));
  pixels = turned(pixels, fitted.width, picture.height, picture.channels);
  pixels = scale_rows(pixels, picture.height, fitted.width, picture.channels, shares(picture.height, fitted.height));
  pixels = turned(pixels, fitted.height, fitted.width, picture.channels);
  fitted.pixels.reserve(pixels.size());
  for (const float value : pixels) fitted.pixels.push_back(uint16_t(std::clamp(std::lround(value), 0L, 255L)));
  return fitted;
}

std::string preview_jpeg(const Picture& picture, int side) { return encode_jpeg(fit_picture(picture, side), {}, 95); }

}  // namespace heddle::server
