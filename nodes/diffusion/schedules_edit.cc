#include "nodes/diffusion/schedules_edit.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace heddle::diffusion {
namespace {

constexpr float kInsteadOfZero = 0.0001f;

/// The share of the way to the next level, 0..1, at the share `x` of the extra steps.
double spaced(double x, Spacing spacing) {
  const double angle = x * std::numbers::pi / 2;
  switch (spacing) {
    case Spacing::kCosine:
      return std::sin(angle);
    case Spacing::kSine:
      return 1 - std::cos(angle);
    case Spacing::kLinear:
      break;
  }
  return x;
}

}  // namespace

std::pair<Sigmas, Sigmas> split_at(const Sigmas& sigmas, int step) {
  const auto start = sigmas.begin() + std::ptrdiff_t(std::min(size_t(step), sigmas.size()));
  const auto end = sigmas.begin() + std::ptrdiff_t(std::min(size_t(step) + 1, sigmas.size()));
  return {Sigmas(sigmas.begin(), end), Sigmas(start, sigmas.end())};
}

std::pair<Sigmas, Sigmas> split_share(const Sigmas& sigmas, double denoise) {
  if (sigmas.empty()) return {};
  const auto steps = std::ptrdiff_t(std::nearbyint(double(sigmas.size() - 1) * denoise));
  const Sigmas low(sigmas.end() - (steps + 1), sigmas.end());
  if (steps == 0) return {{}, low};
  return {Sigmas(sigmas.begin(), sigmas.end() - steps), low};
}

Sigmas flipped(Sigmas sigmas) {
  std::reverse(sigmas.begin(), sigmas.end());
  if (!sigmas.empty() && sigmas.front() == 0) sigmas.front() = kInsteadOfZero;
  return sigmas;
}

Sigmas extended(const Sigmas& sigmas, int steps, double low, double high, Spacing spacing) {
  Sigmas result;
  for (size_t i = 0; i < sigmas.size(); ++i) {
    result.push_back(sigmas[i]);
    if (i + 1 == sigmas.size() || sigmas[i] < low || sigmas[i] > high) continue;
    for (int k = 1; k < steps; ++k) {
      const float share = float(spaced(double(k) / steps, spacing));
      result.push_back(share * (sigmas[i + 1] - sigmas[i]) + sigmas[i]);
    }
  }
  return result;
}

}  // namespace heddle::diffusion
