#include "nodes/diffusion/schedules_tuned.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "nodes/diffusion/schedules_gits_table.h"

namespace heddle::diffusion {
namespace {

constexpr int kAlignedSteps = 10;

struct AlignedTable {
  const char* family;
  std::array<double, kAlignedSteps + 1> levels;
};

constexpr std::array kAlignedTables{
    AlignedTable{"SD1",
                 {14.6146412, 6.474576, 3.86367464, 2.69461513, 1.88419211, 1.39438045, 0.964258373,
                  0.652368605, 0.397745639, 0.151523262, 0.0291671582}},
    AlignedTable{"SDXL",
                 {14.6146412, 6.31844854, 3.76817894, 2.18114805, 1.34052444, 0.86207211,
                  0.555069327, 0.379854083, 0.233236417, 0.111418821, 0.0291671582}},
    AlignedTable{"SVD",
                 {700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002}},
};

/// `count` values along the falling curve through `levels`, linear in the logarithm.
std::vector<double> log_linear(const std::vector<double>& levels, int count) {
  const double last = double(levels.size() - 1);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    const double at = last * i / (count - 1);
    const size_t low = std::min(size_t(at), levels.size() - 2);
    const double weight = at - double(low);
    values.push_back(std::exp((1 - weight) * std::log(levels[low]) +
                              weight * std::log(levels[low + 1])));
  }
  return values;
}

/// The last round(steps * denoise) steps, to 0.
Sigmas last_share(const std::vector<double>& levels, int steps, double denoise) {
  if (denoise <= 0) return {};
  const auto kept = std::ptrdiff_t(denoise < 1 ? std::nearbyint(steps * denoise) : steps) + 1;
  Sigmas sigmas(levels.end() - std::min(kept, std::ptrdiff_t(levels.size())), levels.end());
  sigmas.back() = 0;
  return sigmas;
}

}  // namespace

const std::vector<std::string>& align_your_steps_families() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const AlignedTable& table : kAlignedTables) all.emplace_back(table.family);
    return all;
  }();
  return names;
}

Sigmas align_your_steps(std::string_view family, int steps, double denoise) {
  const auto table = std::find_if(kAlignedTables.begin(), kAlignedTables.end(),
                                  [&](const AlignedTable& t) { return family == t.family; });
  if (table == kAlignedTables.end()) {
    throw std::invalid_argument("no aligned steps for \"" + std::string(family) + "\"");
  }
  const std::vector<double> levels(table->levels.begin(), table->levels.end());
  return last_share(steps == kAlignedSteps ? levels : log_linear(levels, steps + 1), steps,
                    denoise);
}

Sigmas gits(double coefficient, int steps, double denoise) {
  const int index = int(std::lround((coefficient - kGitsFirstCoefficient) / kGitsCoefficientStep));
  std::vector<double> levels;
  for (const uint8_t i : gits_indices(index, std::min(steps, kGitsMostSteps))) {
    levels.push_back(gits_levels()[i]);
  }
  if (steps > kGitsMostSteps) levels = log_linear(levels, steps + 1);
  return last_share(levels, steps, denoise);
}

}  // namespace heddle::diffusion
