#include "nodes/diffusion/frequency_window.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/noise.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

class FrequencyWindow : public ::testing::TestWithParam<std::array<int64_t, 4>> {};

// The window around the middle of the shifted spectrum, in double.
TEST_P(FrequencyWindow, IsTheFourierFilter) {
  const auto [height, width, rows, columns] = GetParam();
  const at::Tensor x = at::randn({2, 3, height, width}, make_generator(1), at::kFloat);
  at::Tensor mask = at::zeros({height, width}, at::kDouble);
  const auto slice = [](int64_t n, int64_t reach) {
    const int64_t first = std::max<int64_t>(0, n / 2 - reach);
    return std::pair{first, std::min(n, n / 2 + reach) - first};
  };
  const auto [y, h] = slice(height, rows);
  const auto [left, w] = slice(width, columns);
  mask.narrow(0, y, h).narrow(1, left, w).fill_(1);
  const at::Tensor spectrum = at::fft_fft2(x.to(at::kDouble));
  const std::vector<int64_t> plane{-2, -1};
  const at::Tensor shifted = at::fft_fftshift(spectrum, plane) * mask;
  const at::Tensor expected = at::real(at::fft_ifft2(at::fft_ifftshift(shifted, plane)));
  EXPECT_LE(test::max_difference(low_frequencies(x, rows, columns).to(at::kDouble), expected), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Sizes, FrequencyWindow,
                         ::testing::Values(std::array<int64_t, 4>{8, 8, 1, 1}, std::array<int64_t, 4>{5, 7, 1, 1},
                                           std::array<int64_t, 4>{9, 12, 3, 4}, std::array<int64_t, 4>{5, 6, 2, 3},
                                           std::array<int64_t, 4>{1, 1, 1, 1}, std::array<int64_t, 4>{2, 3, 1, 1}));

TEST(FrequencyWindowThreads, DoNotChangeTheBytes) {
  const at::Tensor x = at::randn({2, 64, 33, 40}, make_generator(1), at::kFloat);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = low_frequencies(x, 1, 1);
  at::set_num_threads(2);
  EXPECT_TRUE(at::equal(one, low_frequencies(x, 1, 1)));
  at::set_num_threads(before);
}

}  // namespace
}  // namespace heddle::diffusion
