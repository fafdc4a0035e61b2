// One guided step of the U-Nets of real size that ComfyUI's golden numbers leave out, against
// diffusers' (tests/golden/networks/full). 2 and 10 GB of weights.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "nodes/diffusion/unet.h"
#include "tests/nodes/diffusion/network_fixtures.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

// Differences of the same size were seen between one and two threads of the other program.
constexpr double kTolerance = 2e-5;  // of the standard deviation

class FullSize : public ::testing::TestWithParam<const char*> {};

TEST_P(FullSize, AGuidedStepAgrees) {
  if (!std::getenv("HEDDLE_LONG_TESTS")) GTEST_SKIP() << "HEDDLE_LONG_TESTS is not set";
  const std::string name = GetParam();
  const auto golden = test::golden_tensors("networks/full/" + name + ".safetensors");
  const UNet unet(as_weights(part_tensors(name + ".spec.json", "model.diffusion_model.")));
  const Tensor y = golden.contains("y") ? golden.at("y") : Tensor();
  const Tensor out = unet.forward(golden.at("x"), golden.at("timesteps"), golden.at("context"), y);
  const Tensor& expected = golden.at("out");
  const auto guided = [](const Tensor& pair) { return pair[0] + (pair[1] - pair[0]) * 7; };
  const double allowed = kTolerance * expected.std().item<double>();
  EXPECT_LE(test::measured("networks, full size, forward",
                              test::max_difference(out, expected), allowed),
            allowed);
  EXPECT_LE(test::max_difference(guided(out), guided(expected)), 13 * allowed);
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, FullSize, ::testing::Values("sd21_full", "sdxl_full"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace heddle::diffusion
