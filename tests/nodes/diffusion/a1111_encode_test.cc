#include "nodes/diffusion/a1111_encode.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/support/golden.h"

namespace heddle::diffusion::a1111 {
namespace {

using ::testing::HasSubstr;
using test::max_difference;
using ::testing::ThrowsMessage;

TEST(A1111Weights, MultiplyAndRestoreTheMean) {
  const Tensor z = at::tensor({1.f, 3.f, 2.f, 2.f}).reshape({1, 2, 2});
  const Tensor weights = at::tensor({2.f, 1.f}).reshape({1, 2});
  // 2 6 2 2 has the mean 3, before it was 2.
  const Tensor expected = at::tensor({2.f, 6.f, 2.f, 2.f}).reshape({1, 2, 2}) * (2.f / 3);
  EXPECT_LE(max_difference(apply_weights(z, weights), expected), 1e-6);
}

TEST(A1111Weights, EachChunkKeepsItsOwnMean) {
  const Tensor z = at::arange(1, 13, at::kFloat).reshape({2, 3, 2});
  const Tensor weights = at::tensor({2.f, 1.f, 1.f, 1.f, 0.5f, 1.f}).reshape({2, 3});
  const Tensor weighed = apply_weights(z, weights);
  EXPECT_NEAR(weighed[0].mean().item<float>(), 3.5, 1e-5);
  EXPECT_NEAR(weighed[1].mean().item<float>(), 9.5, 1e-5);
}

TEST(A1111Weights, OfOneChangeNothing) {
  const Tensor z = at::rand({2, 3, 4});
  EXPECT_TRUE(at::equal(apply_weights(z, at::ones({2, 3})), z));
}

TEST(A1111Weights, ThatLeaveNothingAreAnError) {
  EXPECT_THAT(
      [] {
        apply_weights(at::ones({1, 2, 2}), at::zeros({1, 2}));
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("use weights nearer to 1")));
}

}  // namespace
}  // namespace heddle::diffusion::a1111
