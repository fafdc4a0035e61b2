#include "nodes/diffusion/ops.h"

#include <ATen/ATen.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/nodes/diffusion/network_fixtures.h"

namespace heddle::diffusion {
namespace {

Tensor noise(at::IntArrayRef shape, uint64_t seed = 1) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::kFloat);
}

double difference(const Tensor& a, const Tensor& b) { return test::max_difference(a, b); }

Conv2d some_conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  return {noise({out, in, kernel, kernel}, 2) / std::sqrt(double(in * kernel * kernel)),
          noise({out}, 3), stride, kernel / 2};
}

Linear some_linear(int64_t in, int64_t out) {
  return {noise({out, in}, 2) / std::sqrt(double(in)), noise({out}, 3)};
}

// The same bytes with one, two and three threads, and for an item alone as in the batch.
void expect_independent(const Tensor& batch, const std::function<Tensor(const Tensor&)>& f) {
  Tensor expected;
  {
    const WithThreads one(1);
    expected = f(batch);
  }
  for (const int threads : {1, 2, 3}) {
    const WithThreads some(threads);
    EXPECT_TRUE(at::equal(f(batch), expected)) << threads << " threads";
    for (int64_t k = 0; k < batch.size(0); ++k) {
      EXPECT_TRUE(at::equal(f(batch.narrow(0, k, 1)), expected.narrow(0, k, 1)))
          << "item " << k << ", " << threads << " threads";
    }
  }
}

TEST(Ops, ConvolutionIsExactAndPadsAndStrides) {
  const Tensor x = noise({2, 9, 13, 7});
  for (const Conv2d& layer : {some_conv(9, 32, 3), some_conv(9, 32, 3, 2), some_conv(9, 5, 1)}) {
    const Tensor expected = at::conv2d(x.to(at::kDouble), layer.weight.to(at::kDouble),
                                       layer.bias.to(at::kDouble), layer.stride, layer.padding);
    EXPECT_LT(difference(conv2d(x, layer), expected), 3e-6);
  }
}

TEST(Ops, LinearIsExactWithAndWithoutBias) {
  const Tensor x = noise({2, 5, 40});
  Linear layer = some_linear(40, 24);
  const Tensor product = at::matmul(x.to(at::kDouble), layer.weight.t().to(at::kDouble));
  EXPECT_LT(difference(linear(x, layer), product + layer.bias), 3e-6);
  layer.bias = Tensor();
  EXPECT_LT(difference(linear(x, layer), product), 3e-6);
  EXPECT_LT(difference(linear(x.select(1, 0), layer), product.select(1, 0)), 3e-6);
}

TEST(Ops, GroupNormNormalisesGroupsOfChannels) {
  const GroupNorm layer{noise({64}, 2), noise({64}, 3), 1e-2};
  const Tensor x = noise({2, 64, 5, 3}) * 0.3 + 4;
  const Tensor groups = x.to(at::kDouble).view({2, 32, -1});
  const Tensor centred = groups - groups.mean(-1, true);
  const Tensor normed = (centred / (centred.square().mean(-1, true) + 1e-2).sqrt()).view_as(x);
  const Tensor expected = normed * layer.weight.view({64, 1, 1}) + layer.bias.view({64, 1, 1});
  EXPECT_LT(difference(group_norm(x, layer), expected), 2e-5);
  EXPECT_LT(difference(group_norm_silu(x, layer), expected * expected.sigmoid()), 2e-5);
}

TEST(Ops, SiluLeavesItsArgumentAlone) {
  const Tensor x = noise({3, 50}), before = x.clone();
  EXPECT_LT(difference(diffusion::silu(x), x * x.sigmoid()), 1e-6);
  EXPECT_TRUE(at::equal(x, before));
}

TEST(Ops, LayerNormNormalisesTheLastDimension) {
  const LayerNorm layer{noise({48}, 2), noise({48}, 3), 1e-5};
  const Tensor x = noise({2, 7, 48}) + 2, d = x.to(at::kDouble);
  const Tensor centred = d - d.mean(-1, true);
  const Tensor normed = centred / (centred.square().mean(-1, true) + 1e-5).sqrt();
  EXPECT_LT(difference(layer_norm(x, layer), normed * layer.weight + layer.bias), 1e-5);
}

TEST(Ops, AttentionIsSoftmaxOfScaledProducts) {
  const int64_t heads = 3;
  const Tensor q = noise({2, 11, 24}, 1), k = noise({2, 5, 24}, 2), v = noise({2, 5, 24}, 3);
  const auto split = [&](const Tensor& x) {
    return x.to(at::kDouble).view({2, -1, heads, 8}).transpose(1, 2);
  };
  const Tensor scores = at::matmul(split(q), split(k).transpose(2, 3)) / std::sqrt(8.0);
  const Tensor expected =
      at::matmul(scores.softmax(-1), split(v)).transpose(1, 2).reshape({2, 11, 24});
  EXPECT_LT(difference(attention(q, k, v, heads), expected), 2e-6);
}

TEST(Ops, GegluGatesWithTheExactGelu) {
  const Tensor x = noise({1, 6, 16});
  const Linear layer = some_linear(16, 20);
  const auto halves = linear(x, layer).to(at::kDouble).chunk(2, -1);
  const Tensor gelu = halves[1] * 0.5 * (1 + at::erf(halves[1] / std::sqrt(2.0)));
  EXPECT_LT(difference(geglu(x, layer), halves[0] * gelu), 1e-6);
}

TEST(Ops, UpsamplingReachesOddSizes) {
  const Tensor x = at::arange(4, at::kFloat).view({1, 1, 2, 2});
  const Tensor expected = at::tensor({0., 0., 1., 0., 0., 1., 2., 2., 3.}).view({1, 1, 3, 3});
  EXPECT_EQ(difference(upsample_nearest(x, 3, 3), expected), 0);
}

TEST(Ops, PaddingGoesToTheBottomAndTheRight) {
  const Tensor padded = pad_bottom_right(at::ones({1, 1, 2, 3}));
  EXPECT_EQ(padded.sizes(), at::IntArrayRef({1, 1, 3, 4}));
  EXPECT_EQ(padded.narrow(2, 0, 2).narrow(3, 0, 3).sum().item<float>(), 6);
  EXPECT_EQ(padded.sum().item<float>(), 6);
}

TEST(Ops, TokensAreTheCellsOfAnImageRowByRow) {
  const Tensor image = noise({2, 4, 3, 5});
  const Tensor tokens = to_tokens(image);
  EXPECT_TRUE(at::equal(tokens.select(1, 7), image.select(2, 1).select(2, 2)));
  EXPECT_TRUE(at::equal(to_image(tokens, 3, 5), image));
}

// Shapes at which libtorch's own choice of kernel depends on threads or batch.
TEST(Ops, ConvolutionDependsNeitherOnThreadsNorOnTheBatch) {
  for (const auto& [in, out, kernel, stride, size] :
       std::vector<std::array<int64_t, 5>>{{4, 320, 3, 1, 16},
                                           {32, 64, 3, 1, 7},
                                           {128, 128, 3, 1, 2},
                                           {64, 64, 3, 2, 13},
                                           {1280, 640, 1, 1, 8},
                                           {320, 320, 1, 1, 64},
                                           {9, 32, 3, 1, 1},
                                           {64, 4, 3, 1, 31}}) {
    SCOPED_TRACE(::testing::Message() << in << " to " << out << " at " << size);
    const Conv2d layer = some_conv(in, out, kernel, stride);
    expect_independent(noise({2, in, size, size}),
                       [&](const Tensor& x) { return conv2d(x, layer); });
  }
}

TEST(Ops, LinearDependsNeitherOnThreadsNorOnTheBatch) {
  for (const auto& [in, out, rows] : std::vector<std::array<int64_t, 3>>{{1280, 1280, 64},
                                                                         {1280, 2560, 64},
                                                                         {768, 320, 77},
                                                                         {1280, 320, 1},
                                                                         {32, 256, 63},
                                                                         {128, 32, 2},
                                                                         {128, 128, 3},
                                                                         {320, 320, 5},
                                                                         {64, 64, 17},
                                                                         {320, 1280, 1},
                                                                         {2560, 640, 16}}) {
    SCOPED_TRACE(::testing::Message() << in << " to " << out << ", " << rows << " rows");
    const Linear layer = some_linear(in, out);
    expect_independent(noise({3, rows, in}), [&](const Tensor& x) { return linear(x, layer); });
  }
  const Linear layer = some_linear(1280, 640);
  expect_independent(noise({2, 1280}), [&](const Tensor& x) { return linear(x, layer); });
}

LowRankTerm some_term(at::IntArrayRef down, at::IntArrayRef up, double scale, uint64_t seed = 7) {
  return {noise(down, seed) / std::sqrt(double(down[1])), noise(up, seed + 1) / 2, scale};
}

Tensor changed(const Tensor& weight, const std::vector<LowRankTerm>& terms) {
  Tensor sum = weight.clone();
  for (const LowRankTerm& term : terms) {
    const Tensor product = term.up.flatten(1).mm(term.down.flatten(1));
    sum += product.reshape(weight.sizes()) * term.scale;
  }
  return sum;
}

TEST(Ops, ALowRankTermBesideALayerIsAsGoodAsAChangedWeight) {
  Linear layer = some_linear(64, 48);
  layer.beside = {some_term({4, 64}, {48, 4}, 0.7), some_term({2, 64}, {48, 2}, -1.5, 17)};
  const Tensor x = noise({2, 5, 64});
  const Linear merged{changed(layer.weight, layer.beside), layer.bias};
  EXPECT_LT(difference(linear(x, layer), linear(x, merged)), 1e-5);
  EXPECT_LT(difference(geglu(x, layer), geglu(x, merged)), 1e-5);
  EXPECT_GT(difference(linear(x, layer), linear(x, {layer.weight, layer.bias})), 0.1);

  for (const int64_t stride : {1, 2}) {
    Conv2d conv = some_conv(32, 16, 3, stride);
    conv.beside = {some_term({4, 32, 3, 3}, {16, 4, 1, 1}, 0.7)};
    Conv2d whole = conv;
    whole.beside.clear();
    whole.weight = changed(conv.weight, conv.beside);
    const Tensor image = noise({2, 32, 9, 7});
    EXPECT_LT(difference(conv2d(image, conv), conv2d(image, whole)), 2e-5);
  }
}

TEST(Ops, LowRankTermsDependNeitherOnThreadsNorOnTheBatch) {
  for (const auto& [in, out, rank, rows] : std::vector<std::array<int64_t, 4>>{{1280, 1280, 4, 64},
                                                                               {320, 320, 16, 1024},
                                                                               {1280, 320, 8, 1},
                                                                               {768, 320, 1, 77},
                                                                               {64, 64, 3, 17}}) {
    Linear layer = some_linear(in, out);
    layer.beside = {some_term({rank, in}, {out, rank}, 0.7)};
    expect_independent(noise({2, rows, in}), [&](const Tensor& x) { return linear(x, layer); });
  }
  for (const auto& [in, out, rank, size] : std::vector<std::array<int64_t, 4>>{{320, 320, 4, 16},
                                                                               {64, 32, 1, 7}}) {
    Conv2d layer = some_conv(in, out, 3);
    layer.beside = {some_term({rank, in, 3, 3}, {out, rank, 1, 1}, 0.7)};
    expect_independent(noise({2, in, size, size}),
                       [&](const Tensor& x) { return conv2d(x, layer); });
  }
}

TEST(Ops, NormsAndActivationsDependNeitherOnThreadsNorOnTheBatch) {
  for (const auto& [channels, size] : std::vector<std::array<int64_t, 2>>{
           {32, 7}, {32, 97}, {96, 33}, {160, 33}, {1280, 8}, {64, 61}}) {
    SCOPED_TRACE(::testing::Message() << channels << " at " << size);
    const GroupNorm layer{noise({channels}, 2), noise({channels}, 3)};
    const Tensor x = noise({3, channels, size, size});
    expect_independent(x, [&](const Tensor& y) { return group_norm_silu(y, layer); });
    expect_independent(x, [](const Tensor& y) { return diffusion::silu(y); });
    const LayerNorm rows{layer.weight, layer.bias};
    expect_independent(to_tokens(x), [&](const Tensor& y) { return layer_norm(y, rows); });
  }
}

TEST(Ops, AttentionAndGegluDependNeitherOnThreadsNorOnTheBatch) {
  for (const auto& [width, heads, tokens, others] :
       std::vector<std::array<int64_t, 4>>{{320, 8, 1024, 1024},
                                           {64, 8, 117, 13},
                                           {128, 1, 900, 900},
                                           {640, 10, 63, 77},
                                           {32, 8, 1, 1}}) {
    SCOPED_TRACE(::testing::Message() << width << " wide, " << tokens << " by " << others);
    const Tensor q = noise({3, tokens, width}), kv = noise({3, others, 2 * width}, 2);
    const int64_t w = width, h = heads;
    expect_independent(q, [&](const Tensor& x) {
      // Keys and values follow the item: its place in `q` is found by its bytes.
      int64_t at = 0;
      while (!at::equal(q.select(0, at), x.select(0, 0))) ++at;
      const Tensor own = kv.narrow(0, at, x.size(0));
      return attention(x, own.narrow(2, 0, w).contiguous(), own.narrow(2, w, w).contiguous(), h);
    });
  }
  for (const auto& [width, tokens] :
       std::vector<std::array<int64_t, 2>>{{32, 117}, {320, 1025}, {20, 13}, {64, 1}}) {
    const Linear layer = some_linear(width, 8 * width);
    expect_independent(noise({3, tokens, width}), [&](const Tensor& x) { return geglu(x, layer); });
  }
}

class LargestAllocation final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
    largest = std::max(largest, size);
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t largest = 0;
};

TEST(Ops, AttentionNeverHoldsAllScores) {
  const int64_t tokens = 4096, width = 64;
  const Tensor q = noise({1, tokens, width});
  const auto info = std::make_shared<LargestAllocation>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, info);
  const Tensor y = attention(q, q, q, 1);
  EXPECT_GE(info->largest, y.nbytes());
  EXPECT_LT(info->largest, tokens * tokens * int64_t(sizeof(float)) / 8);
}

}  // namespace
}  // namespace heddle::diffusion
