#include "nodes/diffusion/attention_guidance.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "nodes/diffusion/noise.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using test::max_difference;

at::Tensor random(at::IntArrayRef shape, uint64_t seed) {
  return at::randn(shape, make_generator(seed), at::kFloat);
}

const UNetPlace kMiddle{.stage = UNetPlace::Stage::kMiddle};

TEST(AttentionGuidance, AttentionReceivedIsTheMeanOverHeadsOfTheSumOverQueries) {
  const at::Tensor q = random({2, 6, 8}, 1), k = random({2, 6, 8}, 2);
  const auto heads = [](const at::Tensor& x) {
    return x.to(at::kDouble).view({2, 6, 2, 4}).transpose(1, 2);
  };
  const at::Tensor looks = at::softmax(at::matmul(heads(q), heads(k).transpose(2, 3)) / 2, -1);
  EXPECT_LE(max_difference(attention_received(q, k, 2), looks.mean(1).sum(1)), 1e-6);
}

TEST(AttentionGuidance, TheGridOfTokensHasThePicturesShape) {
  EXPECT_EQ(token_grid(64, 64, 64), (std::pair<int64_t, int64_t>{8, 8}));
  EXPECT_EQ(token_grid(96, 64, 96), (std::pair<int64_t, int64_t>{8, 12}));
  EXPECT_EQ(token_grid(15, 17, 33), (std::pair<int64_t, int64_t>{3, 5}));
  EXPECT_EQ(token_grid(7, 8, 8), (std::pair<int64_t, int64_t>{1, 7}));
}

TEST(PerturbedAttention, GoesAwayFromTheIdentityInTheMiddleBlock) {
  GuidanceStep step{.x = random({1, 4, 8, 8}, 1), .sigma = 1, .scale = 5, .positive = random({1, 4, 8, 8}, 2),
                    .negative = {}, .third = {}, .denoised = random({1, 4, 8, 8}, 3), .ask_positive = {},
                    .ask_negative = {}};
  UNetHooks asked;
  const at::Tensor answer = random({1, 4, 8, 8}, 4);
  step.ask_positive = [&](const at::Tensor& x, const UNetHooks& hooks) {
    EXPECT_TRUE(at::equal(x, step.x));
    asked = hooks;
    return answer;
  };
  const at::Tensor got = perturbed_attention(3).after(step);
  EXPECT_LE(max_difference(got, step.denoised + (step.positive - answer) * 3), 1e-6);
  const at::Tensor q = random({1, 4, 8}, 5), v = random({1, 4, 8}, 6);
  EXPECT_TRUE(at::equal(replaced_attention(asked, q, q, v, 2, kMiddle), v));
  EXPECT_FALSE(replaced_attention(asked, q, q, v, 2, {}).defined());
  EXPECT_FALSE(perturbed_attention(0).after);
}

class SelfAttention : public ::testing::Test {
 protected:
  // Latent 8x8, tokens 2x2 of which the third is looked at by all.
  void record(int64_t first, int64_t count) {
    at::Tensor k = at::zeros({2, 4, 4}), q = at::zeros({2, 4, 4});
    q.select(2, 0).fill_(50);
    k[1][2][0] = 50;
    k[0][0][0] = 50;
    UNetPlace place = kMiddle;
    place.first_negative = first;
    place.negatives = count;
    EXPECT_FALSE(replaced_attention(hooks.unet, q, k, q, 1, place).defined());
  }
  void record_nothing_in_other_places() {
    for (UNetPlace place : {UNetPlace{}, kMiddle}) {
      place.layer = 1;
      place.negatives = 1;
      const at::Tensor q = random({2, 4, 4}, 9);
      EXPECT_FALSE(replaced_attention(hooks.unet, q, q, q, 1, place).defined());
    }
  }

  ModelHooks hooks = self_attention_guidance(0.5, 2)();
  GuidanceStep step{.x = random({1, 4, 8, 8}, 1), .sigma = 1, .scale = 5, .positive = random({1, 4, 8, 8}, 2),
                    .negative = random({1, 4, 8, 8}, 5), .third = {}, .denoised = random({1, 4, 8, 8}, 3),
                    .ask_positive = {}, .ask_negative = {}};
};

TEST_F(SelfAttention, BlursWhatTheNegativeSideLooksAt) {
  record(1, 1);
  record_nothing_in_other_places();
  const at::Tensor line = at::exp(at::arange(-4, 5, at::kDouble).square() / -8);
  const at::Tensor kernel = (line.unsqueeze(1) * line / (line.sum() * line.sum())).expand({4, 1, 9, 9});
  const at::Tensor negative = step.negative.to(at::kDouble);
  const at::Tensor blurred = at::conv2d(at::reflection_pad2d(negative, {4, 4, 4, 4}), kernel.contiguous(), {},
                                        at::IntArrayRef{1, 1}, at::IntArrayRef{0, 0}, at::IntArrayRef{1, 1}, 4);
  at::Tensor mask = at::zeros({8, 8}, at::kDouble);
  mask.narrow(0, 4, 4).narrow(1, 0, 4).fill_(1);
  const at::Tensor degraded = blurred * mask + negative * (1 - mask);
  const at::Tensor answer = random({1, 4, 8, 8}, 4);
  step.ask_negative = [&](const at::Tensor& x, const UNetHooks& more) {
    EXPECT_TRUE(more.empty());
    EXPECT_LE(max_difference(x.to(at::kDouble), degraded + step.x.to(at::kDouble) - negative), 2e-6);
    return answer;
  };
  const at::Tensor expected = step.denoised.to(at::kDouble) + (degraded - answer.to(at::kDouble)) * 0.5;
  EXPECT_LE(max_difference(hooks.after(step).to(at::kDouble), expected), 2e-6);
}

TEST_F(SelfAttention, SaysThatThereIsNoAttentionToLookAt) {
  record(0, 0);
  EXPECT_THROW(hooks.after(step), std::runtime_error);
}

TEST_F(SelfAttention, DoesNotLookAtTheStepBefore) {
  record(1, 1);
  step.ask_negative = [](const at::Tensor& x, const UNetHooks&) { return x; };
  hooks.after(step);
  EXPECT_THROW(hooks.after(step), std::runtime_error);
}

TEST_F(SelfAttention, LeavesSmallLatentsAlone) {
  step.denoised = random({1, 4, 4, 9}, 7);
  step.x = random({1, 4, 4, 9}, 8);
  EXPECT_TRUE(at::equal(hooks.after(step), step.denoised));
}

TEST_F(SelfAttention, NeedsTheNegativeSideUnlessItIsOff) {
  EXPECT_TRUE(hooks.needs_negative);
  EXPECT_FALSE(self_attention_guidance(0, 2)().needs_negative);
}

}  // namespace
}  // namespace heddle::diffusion
