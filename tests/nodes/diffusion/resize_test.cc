#include "nodes/diffusion/resize.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using test::golden_json;
using test::golden_tensors;
using test::max_difference;
using test::measured;

/// As SaveImage writes a picture: [B, C, H, W] in 0..1 to bytes [B, H, W, C].
at::Tensor to_bytes(const at::Tensor& x) {
  return x.mul(255).clamp(0, 255).to(at::kByte).permute({0, 2, 3, 1});
}

at::Tensor from_bytes(const at::Tensor& x) { return x.to(at::kFloat).permute({0, 3, 1, 2}) / 255; }

void expect_picture(const at::Tensor& actual, const at::Tensor& expected, const nlohmann::json& c) {
  const at::Tensor bytes = to_bytes(actual);
  const double levels = c["levels"];
  EXPECT_LE(measured("resize, pictures (levels of 255)", max_difference(bytes, expected), levels), levels);
  const double share = (bytes != expected).to(at::kDouble).mean().item<double>();
  EXPECT_LE(share, c["share"].get<double>());
}

TEST(Resize, GivesTheReferencesPicturesAndLatents) {
  const auto index = golden_json("resize/nodes.json");
  const auto tensors = golden_tensors("resize/nodes.safetensors");
  for (const auto& c : index["cases"]) {
    SCOPED_TRACE(c.dump());
    const bool picture = c["input"] == "photo";
    const at::Tensor input = tensors.at(c["input"]);
    const at::Tensor output =
        resize(picture ? from_bytes(input) : input, c["method"].get<std::string>(), c["width"],
               c["height"], c["center"]);
    const at::Tensor expected = tensors.at(c["name"]);
    if (picture) {
      expect_picture(output, expected, c);
    } else {
      const double allowed = c["atol"];
      EXPECT_LE(measured("resize, latents", max_difference(output, expected), allowed), allowed);
    }
  }
}

TEST(Resize, LanczosGivesPillowsBytes) {
  const auto tensors = golden_tensors("resize/lanczos.safetensors");
  for (size_t i = 0; i < tensors.size() / 2; ++i) {
    const at::Tensor expected = tensors.at(std::to_string(i) + ".output");
    const at::Tensor output = resize(tensors.at(std::to_string(i) + ".input"), "lanczos",
                                     expected.size(3), expected.size(2), false);
    EXPECT_TRUE(at::equal(output.mul(255).round().to(at::kByte), expected)) << "case " << i;
  }
}

TEST(Resize, BislerpKeepsTheLengthOfVectorsThatTurn) {
  // Two cells, a quarter turn apart: half-way a mean would be shorter by the square root of two.
  const at::Tensor x = at::tensor({1.f, 0.f, 0.f, 1.f}).reshape({1, 2, 1, 2});
  const at::Tensor y = resize(x, "bislerp", 4, 1, false);
  const at::Tensor lengths = at::linalg_vector_norm(y, 2, {1});
  EXPECT_LE(max_difference(lengths, at::ones({1, 1, 4})), 1e-6);
  EXPECT_NEAR((y[0][1][0][1].item<float>()), std::sin(0.25 * std::acos(0.0)), 1e-6);
}

TEST(Resize, BislerpOfZerosIsZero) {
  EXPECT_TRUE(
      at::equal(resize(at::zeros({1, 4, 3, 3}), "bislerp", 5, 7, false), at::zeros({1, 4, 7, 5})));
}

TEST(Resize, DoesNotDependOnTheMemoryLayout) {
  const at::Tensor x = at::arange(2 * 3 * 7 * 5).to(at::kFloat).sin().reshape({2, 3, 7, 5});
  for (const char* method :
       {"nearest-exact", "bilinear", "bicubic", "area", "bislerp", "lanczos"}) {
    const at::Tensor channels_last = x.contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_TRUE(
        at::equal(resize(x, method, 11, 4, true), resize(channels_last, method, 11, 4, true)))
        << method;
  }
}

TEST(Resize, ACutThatLeavesNothingIsAnErrorThatSaysSo) {
  try {
    resize(at::ones({1, 4, 2, 2}), "bilinear", 1, 100, true);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(),
                ::testing::HasSubstr("cutting 2x2 to the shape of 1x100 leaves nothing"));
  }
}

TEST(Resize, AnUnknownMethodIsAnError) {
  EXPECT_THROW(resize(at::ones({1, 4, 2, 2}), "cubic", 2, 2, false), std::invalid_argument);
}

}  // namespace
}  // namespace heddle::diffusion
