#include "nodes/diffusion/quantize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "nodes/diffusion/median_cut.h"

namespace heddle::diffusion {
namespace {

/// The nearest entry of a palette, found once for every cube of 4 x 4 x 4 colours: the one nearest
/// to the cube's darkest corner.
class NearestColour {
 public:
  explicit NearestColour(std::vector<Rgb> palette)
      : palette_(std::move(palette)), found_(size_t{1} << 18, kUnknown) {}

  Rgb operator()(const Rgb& colour) {
    const size_t cube =
        size_t(colour[0] >> 2) << 12 | size_t(colour[1] >> 2) << 6 | size_t(colour[2] >> 2);
    if (found_[cube] == kUnknown) found_[cube] = search(colour);
    return palette_[size_t(found_[cube])];
  }

 private:
  static constexpr int16_t kUnknown = -1;

  int16_t search(const Rgb& colour) const {
    int nearest = 0, least = std::numeric_limits<int>::max();
    for (size_t k = 0; k < palette_.size(); ++k) {
      int distance = 0;
      for (size_t c = 0; c < 3; ++c) {
        const int step = (colour[c] & ~3) - palette_[k][c];
        distance += step * step;
      }
      if (distance >= least) continue;
      nearest = int(k);
      least = distance;
    }
    return int16_t(nearest);
  }

  std::vector<Rgb> palette_;
  std::vector<int16_t> found_;
};

struct Pixels {
  int64_t height, width;
  std::vector<Rgb> colours;  // rows from the top
};

Pixels to_pixels(const at::Tensor& picture) {
  const at::Tensor bytes = (picture * 255).clamp(0, 255).to(at::kByte).contiguous();
  Pixels pixels{picture.size(0), picture.size(1), std::vector<Rgb>(size_t(bytes.numel() / 3))};
  const uint8_t* value = bytes.data_ptr<uint8_t>();
  for (Rgb& pixel : pixels.colours) {
    for (uint8_t& channel : pixel) channel = *value++;
  }
  return pixels;
}

at::Tensor to_picture(const Pixels& pixels) {
  at::Tensor picture = at::empty({pixels.height, pixels.width, 3});
  float* value = picture.data_ptr<float>();
  for (const Rgb& pixel : pixels.colours) {
    for (const uint8_t channel : pixel) *value++ = float(channel) / 255.0f;
  }
  return picture;
}

using Error = std::array<int, 3>;

/// Sixteenths of errors pass to the right (7), and to the left (3), middle (5) and right (1) below.
void floyd_steinberg(Pixels& pixels, NearestColour& nearest, const Heartbeat& heartbeat) {
  std::vector<Error> below(size_t(pixels.width) + 1);  // for pixel x at x + 1
  auto pixel = pixels.colours.begin();
  for (int64_t y = 0; y < pixels.height; ++y) {
    if (heartbeat) heartbeat();
    Error right{}, middle{}, corner{};
    for (size_t x = 0; x < size_t(pixels.width); ++x, ++pixel) {
      Rgb wanted;
      for (size_t c = 0; c < 3; ++c) {
        wanted[c] =
            uint8_t(std::clamp(int((*pixel)[c]) + (right[c] + below[x + 1][c]) / 16, 0, 255));
      }
      *pixel = nearest(wanted);
      for (size_t c = 0; c < 3; ++c) {
        const int error = int(wanted[c]) - int((*pixel)[c]);
        below[x][c] = 3 * error + middle[c];
        middle[c] = 5 * error + corner[c];
        corner[c] = error;
        right[c] = 7 * error;
      }
    }
    // Pillow gives all three channels of the last pixel errors of the blue one.
    below.back() = {middle[2], corner[2], corner[2]};
  }
}

/// Bayer's pattern of size 2^levels, values around 0, less than 1 apart in all.
std::vector<std::vector<float>> bayer_pattern(int levels) {
  std::vector<std::vector<float>> pattern{{0}};
  float cells = 1;
  for (int level = 0; level < levels; ++level) {
    cells *= 4;
    const size_t size = pattern.size();
    std::vector<std::vector<float>> larger(2 * size, std::vector<float>(2 * size));
    constexpr float kSteps[2][2] = {{-1.5f, 0.5f}, {1.5f, -0.5f}};
    for (size_t y = 0; y < 2 * size; ++y) {
      for (size_t x = 0; x < 2 * size; ++x) {
        larger[y][x] = (cells * pattern[y % size][x % size] + kSteps[y / size][x / size]) / cells;
      }
    }
    pattern = std::move(larger);
  }
  return pattern;
}

void bayer(Pixels& pixels, int levels, size_t colours) {
  const auto pattern = bayer_pattern(levels);
  const size_t size = pattern.size();
  const float spread = float(512.0 / double(colours));
  for (size_t k = 0; k < pixels.colours.size(); ++k) {
    const size_t y = k / size_t(pixels.width), x = k % size_t(pixels.width);
    const float step = spread * pattern[y % size][x % size] + 0.5f;
    for (uint8_t& channel : pixels.colours[k]) {
      channel = uint8_t(std::clamp(float(channel) + step, 0.0f, 255.0f));
    }
  }
}

int bayer_levels(std::string_view dither) {
  constexpr std::array<std::string_view, 4> kNames = {"bayer-2", "bayer-4", "bayer-8", "bayer-16"};
  const auto found = std::find(kNames.begin(), kNames.end(), dither);
  if (found != kNames.end()) return int(found - kNames.begin()) + 1;
  throw std::invalid_argument("unknown way to dither \"" + std::string(dither) + "\"");
}

}  // namespace

at::Tensor quantize(const at::Tensor& picture, int colours, std::string_view dither,
                    const Heartbeat& heartbeat) {
  Pixels pixels = to_pixels(picture);
  const std::vector<Rgb> palette = median_cut(pixels.colours, colours);
  NearestColour nearest(palette);
  if (dither == "floyd-steinberg") {
    floyd_steinberg(pixels, nearest, heartbeat);
    return to_picture(pixels);
  }
  if (dither != "none") bayer(pixels, bayer_levels(dither), palette.size());
  for (Rgb& pixel : pixels.colours) pixel = nearest(pixel);
  return to_picture(pixels);
}

}  // namespace heddle::diffusion
