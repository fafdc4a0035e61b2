#include "nodes/diffusion/picture_facts.h"

#include <ATen/ATen.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::diffusion {
namespace {

constexpr int64_t kSinusoid = 256;  // values a fact
constexpr double kLongestPeriod = 10000;
constexpr double kPixelsPerCell = 8;

/// Vaswani et al. 2017, section 3.5, cosines first. [1, 256]
at::Tensor sinusoid(double value) {
  const int64_t half = kSinusoid / 2;
  const at::Tensor steps = at::arange(half, at::kFloat) * -std::log(kLongestPeriod) / half;
  const at::Tensor angles = (float(value) * steps.exp()).unsqueeze(0);
  return at::cat({angles.cos(), angles.sin()}, 1);
}

/// In the order of training; the refiner's score stands in for the target size.
std::vector<double> fact_values(const PictureFacts& facts, bool positive, at::IntArrayRef latent,
                                bool refiner) {
  const double height = facts.height.value_or(kPixelsPerCell * double(latent[2]));
  const double width = facts.width.value_or(kPixelsPerCell * double(latent[3]));
  std::vector<double> values{height, width, facts.crop_y, facts.crop_x};
  if (refiner) {
    values.push_back(facts.aesthetic_score.value_or(positive ? 6 : 2.5));
  } else {
    values.push_back(facts.target_height.value_or(height));
    values.push_back(facts.target_width.value_or(width));
  }
  return values;
}

}  // namespace

at::Tensor vector_conditioning(const at::Tensor& pooled, const PictureFacts& facts, bool positive,
                               at::IntArrayRef latent, int64_t y_width) {
  if (y_width == 0) return {};
  const int64_t width = pooled.defined() ? pooled.size(1) : 0;
  if (width > 0 && width == y_width) return pooled;
  const int64_t rest = y_width - width;
  if (width == 0 || (rest != 6 * kSinusoid && rest != 5 * kSinusoid)) {
    throw std::runtime_error(
        "the model takes a vector of " + std::to_string(y_width) +
        " values, which a pooled prompt of " + std::to_string(width) +
        " values does not fill: encode the prompt with the CLIP of this model");
  }
  std::vector<at::Tensor> parts{pooled};
  for (const double value : fact_values(facts, positive, latent, rest == 5 * kSinusoid)) {
    parts.push_back(sinusoid(value));
  }
  return at::cat(parts, 1);
}

}  // namespace heddle::diffusion
