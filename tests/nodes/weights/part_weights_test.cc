#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "nodes/weights/patched_weights.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using test::error_of;
using ::testing::HasSubstr;
using test::TestFolder;

const std::string kName = "encoder.weight";

class PartWeightsTest : public ::testing::Test {
 protected:
  std::shared_ptr<const diffusion::Weights> weights(
      const at::Tensor& tensor, Rounding rounding,
      std::shared_ptr<const Patches> patches = nullptr, Source source = {}) {
    test::write_tensors(folder_ / "a.safetensors", {{"first_stage_model." + kName, tensor}}, {});
    source.key = "first_stage_model." + kName;
    const Part part{.kind = PartKind::kVae,
                    .prefix = "first_stage_model.",
                    .naming = {{{kName, source}}, [](const std::string& name) { return name; }}};
    return patched_weights(part_weights(TensorFile::open(folder_ / "a.safetensors"), part, rounding),
                           std::move(patches), rounding, Placement::kMerged);
  }
  static std::shared_ptr<const Patches> one_patch(const at::Tensor& up, const at::Tensor& down) {
    Patches patches;
    patches[kName].push_back({.change = LowRank{up, down, {}, {}}, .source = "a lora"});
    return std::make_shared<const Patches>(patches);
  }
  TestFolder folder_;
};

TEST_F(PartWeightsTest, EveryTypeBecomesExactlyItsValueInFp32) {
  const at::Tensor values = at::tensor({0.0, 1.0, -2.5, 65504.0});
  for (const auto type : {at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    const at::Tensor kept = values.to(type);
    const at::Tensor read = weights(kept, Rounding::kNone)->get(kName);
    EXPECT_EQ(read.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(read, kept.to(at::kFloat)));
  }
  EXPECT_TRUE(at::equal(weights(at::arange(4), Rounding::kNone)->get(kName), at::arange(4).to(at::kFloat)));
}

// The value of an 8-bit float of the given layout (OCP 8-bit floating point, revision 1.0).
double float8_value(int code, int mantissa_bits, bool has_infinity) {
  const int bias = (1 << (6 - mantissa_bits)) - 1, all_ones = (1 << (7 - mantissa_bits)) - 1;
  const int exponent = (code & 0x7F) >> mantissa_bits, mantissa = code & ((1 << mantissa_bits) - 1);
  const double sign = code & 0x80 ? -1 : 1;
  const bool last = exponent == all_ones;
  if (has_infinity && last && mantissa == 0) return sign * INFINITY;
  if (last && (has_infinity || mantissa == (1 << mantissa_bits) - 1)) return NAN;
  const int whole = exponent > 0 ? mantissa + (1 << mantissa_bits) : mantissa;
  return sign * std::ldexp(whole, std::max(exponent, 1) - bias - mantissa_bits);
}

TEST_F(PartWeightsTest, EveryCodeOfAnEightBitFloatIsItsValueInFp32) {
  const at::Tensor codes = at::arange(256).to(at::kByte);
  const std::tuple<at::ScalarType, int, bool> types[] = {{at::kFloat8_e4m3fn, 3, false},
                                                         {at::kFloat8_e5m2, 2, true}};
  for (const auto& [type, mantissa_bits, has_infinity] : types) {
    at::Tensor expected = at::empty({256});
    for (int code = 0; code < 256; ++code) {
      expected[code] = float8_value(code, mantissa_bits, has_infinity);
    }
    for (const Rounding rounding : {Rounding::kNone, Rounding::kFp16}) {
      const at::Tensor read = weights(codes.view(type), rounding)->get(kName);
      EXPECT_TRUE(at::allclose(read, expected, 0, 0, /*equal_nan=*/true)) << type;
    }
  }
}

TEST_F(PartWeightsTest, WholeNumbersOfEveryTypeBecomeFp32) {
  for (const auto type : {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kUInt16,
                          at::kUInt32, at::kUInt64, at::kBool}) {
    const at::Tensor kept = at::arange(100).to(type);
    const at::Tensor expected = type == at::kBool ? at::arange(100).clamp(0, 1) : at::arange(100);
    EXPECT_TRUE(at::equal(weights(kept, Rounding::kNone)->get(kName), expected.to(at::kFloat))) << type;
    EXPECT_TRUE(at::equal(weights(kept, Rounding::kFp16)->get(kName), expected.to(at::kFloat))) << type;
  }
}

TEST_F(PartWeightsTest, HalfRoundsToFp16AndNothingElseDoes) {
  const at::Tensor exact = at::tensor({0.1f, 1.0001f, 3.14159f});
  EXPECT_TRUE(at::equal(weights(exact, Rounding::kNone)->get(kName), exact));
  const at::Tensor rounded = weights(exact, Rounding::kFp16)->get(kName);
  EXPECT_TRUE(at::equal(rounded, exact.to(at::kHalf).to(at::kFloat)));
  EXPECT_FALSE(at::equal(rounded, exact));
}

TEST_F(PartWeightsTest, PatchesGoOnTheRoundedWeightAndAreRoundedOnce) {
  const at::Tensor weight = at::full({1, 1}, 1.0004f);  // 1 + 0.41 steps of fp16: rounds to 1
  const auto patches = one_patch(at::full({1, 1}, 0.0003f), at::ones({1, 1}));
  EXPECT_EQ(weights(weight, Rounding::kFp16, patches)->get(kName).item<float>(), 1.0f);
  EXPECT_FLOAT_EQ(weights(weight, Rounding::kNone, patches)->get(kName).item<float>(), 1.0007f);
}

TEST_F(PartWeightsTest, WhatIsGivenDoesNotDependOnTheFile) {
  const auto source = weights(at::ones({100000}), Rounding::kNone);
  const at::Tensor read = source->get(kName);
  std::filesystem::resize_file(folder_ / "a.safetensors", 100);
  EXPECT_EQ(read.sum().item<float>(), 100000.0f);
  EXPECT_THAT(error_of([&] { source->get(kName); }), HasSubstr("was changed while in use"));
}

TEST_F(PartWeightsTest, AMissingTensorIsNamedAsInTheFile) {
  const auto source = weights(at::ones({1}), Rounding::kNone);
  EXPECT_EQ(error_of([&] { source->get("decoder.bias"); }),
            "a.safetensors: there is no tensor \"first_stage_model.decoder.bias\"");
  EXPECT_FALSE(source->shape("decoder.bias"));
}

TEST_F(PartWeightsTest, ShapesAndNamesComeFromTheHeader) {
  const auto source = weights(at::ones({2, 3}), Rounding::kFp16);
  EXPECT_EQ(*source->shape(kName), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(source->names(), (std::vector<std::string>{kName}));
}

TEST_F(PartWeightsTest, ComplexNumbersAreAnError) {
  const auto source = weights(at::ones({1}, at::kComplexFloat), Rounding::kNone);
  EXPECT_THAT(error_of([&] { source->get(kName); }), HasSubstr("complex numbers"));
}

at::Tensor numbered(at::IntArrayRef shape) {
  return at::arange(c10::multiply_integers(shape), at::kFloat).reshape(shape);
}

TEST_F(PartWeightsTest, AThirdOfTheRowsIsAWeightOfItsOwn) {
  const at::Tensor joined = numbered({6, 2});
  for (int third = 0; third < 3; ++third) {
    const auto source = weights(joined, Rounding::kNone, nullptr, {.key = "", .third = third});
    EXPECT_EQ(*source->shape(kName), (std::vector<int64_t>{2, 2}));
    EXPECT_TRUE(at::equal(source->get(kName), joined.narrow(0, 2 * third, 2)));
  }
  const auto bias = weights(numbered({6}), Rounding::kNone, nullptr, {.key = "", .third = 1});
  EXPECT_TRUE(at::equal(bias->get(kName), at::tensor({2.0f, 3.0f})));
}

TEST_F(PartWeightsTest, ATurnedMatrixComesContiguous) {
  const at::Tensor turned = numbered({2, 3});
  const auto source = weights(turned, Rounding::kFp16, nullptr, {.key = "", .transposed = true});
  EXPECT_EQ(*source->shape(kName), (std::vector<int64_t>{3, 2}));
  EXPECT_TRUE(at::equal(source->get(kName), turned.t()));
  EXPECT_TRUE(source->get(kName).is_contiguous());
}

TEST_F(PartWeightsTest, AMatrixMayStandForAPointwiseConvolution) {
  const at::Tensor matrix = numbered({2, 3});
  const auto source = weights(matrix, Rounding::kNone, nullptr, {.key = "", .pointwise = true});
  EXPECT_EQ(*source->shape(kName), (std::vector<int64_t>{2, 3, 1, 1}));
  EXPECT_TRUE(at::equal(source->get(kName), matrix.reshape({2, 3, 1, 1})));
}

// Micikevicius et al. 2022, "FP8 formats for deep learning": steps of 1/8 and 1/4 near one.
TEST_F(PartWeightsTest, Fp8RoundsToTheNearestEven) {
  const at::Tensor exact = at::tensor({1.0625f, 1.07f, 1.1875f, -448.0f, 0.3f});
  EXPECT_TRUE(at::equal(weights(exact, Rounding::kFp8E4m3)->get(kName),
                        at::tensor({1.0f, 1.125f, 1.25f, -448.0f, 0.3125f})));
  EXPECT_TRUE(at::equal(weights(exact, Rounding::kFp8E5m2)->get(kName),
                        at::tensor({1.0f, 1.0f, 1.25f, -448.0f, 0.3125f})));
}

}  // namespace
}  // namespace heddle::weights
