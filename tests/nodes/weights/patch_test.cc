// The kinds of changes against their formulas, written out element by element. What ComfyUI gives
// is in lora_golden_test.cc.
#include "nodes/weights/patch.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using at::Tensor;

class PatchTest : public ::testing::Test {
 protected:
  PatchTest() { at::manual_seed(5); }
  Tensor apply(const Tensor& weight, Change change, double strength = 1,
               std::optional<double> alpha = {}) {
    return apply_patches(weight,
                         {{.change = std::move(change), .strength = strength, .alpha = alpha}});
  }
  void expect_near(const Tensor& actual, const Tensor& expected) {
    EXPECT_TRUE(at::allclose(actual, expected, 1e-5, 1e-5))
        << (actual - expected).abs().max().item<float>();
  }
};

TEST_F(PatchTest, LohaWithCoresIsTheProductOfTwoTuckerForms) {
  const LoHa change{at::randn({2, 8}), at::randn({3, 6}),       at::randn({2, 8}),
                    at::randn({3, 6}), at::randn({2, 3, 3, 3}), at::randn({2, 3, 3, 3})};
  const auto form = [](const Tensor& t, const Tensor& b, const Tensor& a) {
    return at::einsum("ijkl,jr,ip->prkl", {t, b, a});
  };
  const Tensor product =
      form(change.t1, change.w1_b, change.w1_a) * form(change.t2, change.w2_b, change.w2_a);
  expect_near(apply(at::zeros({8, 6, 3, 3}), change, 0.5, 1.5), product * (0.5 * 1.5 / 3));
}

TEST_F(PatchTest, LokrTakesTheRankOfItsFactorisedSide) {
  const Tensor w1 = at::randn({2, 2}), w2 = at::randn({4, 3}), a = at::randn({4, 5}),
               b = at::randn({5, 3}), left = at::randn({2, 7}), right = at::randn({7, 2});
  const Tensor zeros = at::zeros({8, 6});
  LoKr whole;
  whole.w1 = w1;
  whole.w2 = w2;
  expect_near(apply(zeros, whole, 1, 10.0), at::kron(w1, w2));  // no rank: alpha is not used
  LoKr second;
  second.w1 = w1;
  second.w2_a = a;
  second.w2_b = b;
  expect_near(apply(zeros, second, 1, 10.0), at::kron(w1, a.mm(b)) * 2);
  LoKr first;
  first.w1_a = left;
  first.w1_b = right;
  first.w2 = w2;
  expect_near(apply(zeros, first, 1, 14.0), at::kron(left.mm(right), w2) * 2);
  LoKr both = second;
  both.w1 = Tensor();
  both.w1_a = left;
  both.w1_b = right;
  expect_near(apply(zeros, both, 1, 10.0), at::kron(left.mm(right), a.mm(b)) * 2);
}

TEST_F(PatchTest, LokrWithACoreSpreadsOverTheKernel) {
  LoKr change;
  change.w1 = at::randn({2, 2});
  change.w2_a = at::randn({3, 4});
  change.w2_b = at::randn({5, 3});
  change.t2 = at::randn({3, 5, 3, 3});
  const Tensor w2 =
      at::einsum("ijkl,jr,ip->prkl", {change.t2, change.w2_b, change.w2_a});  // [4, 3, 3, 3]
  const Tensor expected = at::kron(change.w1.unsqueeze(2).unsqueeze(3), w2.contiguous());
  expect_near(apply(at::zeros({8, 6, 3, 3}), change), expected);
}

TEST_F(PatchTest, GloraMovesTheWeightItselfInEitherLayout) {
  const Tensor weight = at::randn({6, 4});
  const Tensor in_rank = at::randn({4, 2}), rank_in = at::randn({2, 4}),
               out_rank = at::randn({6, 2});
  const Tensor b2 = at::randn({2, 4});
  const Tensor expected = weight + (weight.mm(in_rank).mm(rank_in) + out_rank.mm(b2)) * 1.5;
  expect_near(apply(weight, Glora{in_rank, rank_in, out_rank, b2}, 1, 3.0), expected);
  expect_near(apply(weight, Glora{rank_in, in_rank, b2, out_rank}, 1, 3.0), expected);
}

TEST_F(PatchTest, GloraOfAConvolutionMixesItsChannels) {
  const Tensor weight = at::randn({6, 4, 3, 3});
  const Glora change{at::randn({4, 2}), at::randn({2, 4}), at::randn({6, 2}), at::randn({2, 36})};
  const Tensor moved = at::einsum("oikl,ij->ojkl", {weight, change.a1.mm(change.a2)});
  expect_near(apply(weight, change),
              weight + moved + change.b1.mm(change.b2).reshape({6, 4, 3, 3}));
}

TEST_F(PatchTest, OftTurnsBlocksOfRowsAndCountsTheStrengthTwice) {
  const Tensor weight = at::randn({8, 5}), blocks = at::randn({2, 4, 4});
  const Tensor identity = at::eye(4);
  std::vector<Tensor> turned;
  for (int i = 0; i < 2; ++i) {
    const Tensor q = blocks[i] - blocks[i].t();
    const Tensor r = (identity + q).mm(at::inverse(identity - q));
    turned.push_back(r.t().mm(weight.slice(0, 4 * i, 4 * i + 4)));
  }
  const Tensor whole = at::cat(turned);
  expect_near(apply(weight, Oft{blocks}), whole);
  expect_near(apply(weight, Oft{blocks}, 0.5), weight + (whole - weight) * 0.25);
}

TEST_F(PatchTest, AlphaBoundsTheNormOfTheRotations) {
  const Tensor weight = at::randn({8, 5}), blocks = at::randn({2, 4, 4});
  const Tensor q = blocks - blocks.transpose(1, 2);
  const double norm = q.norm().item<double>();
  expect_near(apply(weight, Oft{blocks}, 1, norm / 4), apply(weight, Oft{blocks / 4}));
  expect_near(apply(weight, Oft{blocks}, 1, norm * 4), apply(weight, Oft{blocks}));
  expect_near(apply(weight, Oft{blocks}, 1, 0.0), apply(weight, Oft{blocks}));
}

// Row i of the result of one round of a butterfly, element by element: rows j and j + half belong
// to one block, for every j with that bit clear.
Tensor butterfly_round(const Tensor& rows, const Tensor& blocks, int64_t half) {
  const int64_t b = blocks.size(1);
  std::vector<int64_t> order;  // of rows, so that blocks are contiguous
  for (int64_t group = 0; group < rows.size(0); group += 2 * half) {
    for (int64_t i = 0; i < half; ++i) {
      order.push_back(group + i);
      order.push_back(group + half + i);
    }
  }
  const Tensor index = at::tensor(order, at::kLong);
  const Tensor sorted = rows.index_select(0, index);
  std::vector<Tensor> turned;
  for (int64_t i = 0; i < blocks.size(0); ++i) {
    turned.push_back(blocks[i].mm(sorted.slice(0, i * b, i * b + b)));
  }
  return at::zeros_like(rows).index_copy(0, index, at::cat(turned));
}

TEST_F(PatchTest, BoftTurnsRowsRoundByRound) {
  const Tensor weight = at::randn({16, 3}), blocks = at::randn({2, 4, 4, 4}) * 0.3;
  const Tensor identity = at::eye(4);
  for (const double strength : {1.0, 0.6}) {
    Tensor rows = weight;
    for (int64_t round = 0; round < 2; ++round) {
      const Tensor q = blocks[round] - blocks[round].transpose(1, 2);
      const Tensor r = at::matmul(identity + q, at::inverse(identity - q));
      rows = butterfly_round(rows, r * strength + identity * (1 - strength), 2 << round);
    }
    expect_near(apply(weight, Boft{blocks, {}}, strength), weight + (rows - weight) * strength);
  }
  const Tensor scale = at::rand({16, 1});
  const Tensor whole = apply(weight, Boft{blocks, {}});
  expect_near(apply(weight, Boft{blocks, scale}), whole * scale);
  expect_near(whole.norm(), weight.norm());  // rotations keep lengths
}

TEST_F(PatchTest, DoraScalesRowsByTheOldNormAndColumnsByTheNew) {
  const Tensor weight = at::randn({4, 3}), up = at::randn({4, 2}), down = at::randn({2, 3});
  const Tensor moved = weight + up.mm(down) * 0.25;  // alpha 0.5, rank 2
  Patch patch{.change = LowRank{up, down, {}, {}}, .strength = 0.7, .alpha = 0.5};
  patch.dora_scale = at::rand({4, 1}) + 1;
  const Tensor by_row = moved * patch.dora_scale / at::linalg_vector_norm(weight, 2, 1, true);
  expect_near(apply_patches(weight, {patch}), weight + (by_row - weight) * 0.7);
  patch.dora_scale = at::rand({1, 3}) + 1;
  const Tensor by_column = moved * patch.dora_scale / at::linalg_vector_norm(moved, 2, 0, true);
  expect_near(apply_patches(weight, {patch}), weight + (by_column - weight) * 0.7);
}

TEST_F(PatchTest, PatchesFollowOneAnother) {
  const Tensor weight = at::ones({2, 2});
  const Patch add{.change = Difference{at::ones({2, 2})}, .strength = 2};
  const Patch twice{.change = Scale{2}};
  const Patch five{.change = Replacement{at::full({2, 2}, 5.0f)}};
  const auto value = [&](const std::vector<Patch>& patches) {
    return apply_patches(weight, patches)[1][1].item<float>();
  };
  EXPECT_EQ(value({add, twice}), 6);
  EXPECT_EQ(value({twice, add}), 4);
  EXPECT_EQ(value({add, five, twice}), 10);
}

TEST_F(PatchTest, AReplacementReplacesAtStrengthZero) {
  const Tensor other = at::randn({2, 2});
  EXPECT_TRUE(at::equal(apply(at::ones({2, 2}), Replacement{other}, 0), other));
  EXPECT_TRUE(at::equal(apply(at::ones({2, 2}), Difference{other}, 0), at::ones({2, 2})));
}

TEST_F(PatchTest, ABlendTakesPartOfAnotherModel) {
  const auto other = std::make_shared<heddle::test::MapWeights>(
      heddle::test::Tensors{{"x", at::full({2}, 10.0f)}}, "");
  const Tensor blended = apply(at::full({2}, 2.0f), Blend{0.25, other, "x"}, 0.75);
  EXPECT_EQ(blended[0].item<float>(), 8);
  EXPECT_THAT(test::error_of([&] {
                apply(at::ones({3}), Blend{0.5, other, "x"});
              }),
              ::testing::HasSubstr("the other model's \"x\" [2] does not fit a weight of [3]"));
  EXPECT_THAT(test::error_of([&] {
                apply(at::ones({3}), Blend{0.5, other, "y"});
              }),
              ::testing::HasSubstr("which is missing"));
}

TEST_F(PatchTest, APaddedWeightKeepsItsCorner) {
  const LowRank change{at::ones({2, 1}), at::ones({1, 3}), {}, {2, 3}};
  const Tensor padded = apply(at::full({2, 2}, 4.0f), change);
  EXPECT_TRUE(at::equal(padded, at::tensor({5.0f, 5.0f, 1.0f, 5.0f, 5.0f, 1.0f}).reshape({2, 3})));
  EXPECT_EQ(patched_shape({2, 2}, {{.change = change}}), (std::vector<int64_t>{2, 3}));
}

TEST_F(PatchTest, TheBytesDoNotDependOnTheNumberOfThreads) {
  const Tensor weight = at::randn({256, 96});
  const std::vector<Change> changes = {
      LowRank{at::randn({256, 24}), at::randn({24, 96}), {}, {}},
      Glora{at::randn({96, 8}), at::randn({8, 96}), at::randn({256, 8}), at::randn({8, 96})},
      Oft{at::randn({4, 64, 64})}, Boft{at::randn({3, 16, 16, 16}), {}}};
  const int threads = at::get_num_threads();
  for (const Change& change : changes) {
    at::set_num_threads(1);
    const Tensor one = apply(weight, change, 0.7, 4.0);
    at::set_num_threads(2);
    EXPECT_TRUE(at::equal(one, apply(weight, change, 0.7, 4.0))) << change.index();
  }
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace heddle::weights
