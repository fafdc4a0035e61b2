// Pictures and latents laid over others.
#include <gmock/gmock.h>

#include "tests/nodes/run_node.h"
#include "tests/support/golden.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using test::image;
using test::latent;
using test::literal;
using test::mask;
using test::run_node;

TEST(LatentCompositing, PutsOneOverTheOtherAsFarAsItFits) {
  const at::Tensor below = at::zeros({2, 1, 4, 4}), above = at::ones({1, 1, 3, 3});
  const auto result = run_node("LatentComposite", {{"samples_to", latent(below)}, {"samples_from", latent(above)},
                                                   {"x", literal(16)}, {"y", literal(8)}});
  at::Tensor expected = below.clone();
  expected.slice(2, 1).slice(3, 2).fill_(1);
  EXPECT_TRUE(at::equal(result.samples(), expected));
  const auto outside = run_node("LatentComposite", {{"samples_to", latent(below)}, {"samples_from", latent(above)},
                                                    {"x", literal(800)}, {"feather", literal(16)}});
  EXPECT_TRUE(at::equal(outside.samples(), below));
  EXPECT_THAT(outside.warnings, HasSubstr("outside of the destination"));
  EXPECT_THAT(([&] { run_node("LatentComposite", {{"samples_to", latent(below)}, {"samples_from", latent(at::ones({3, 1, 3, 3}))}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("samples_from is a batch of 3")));
}

TEST(LatentCompositing, MasksAndResizes) {
  const at::Tensor below = at::zeros({1, 4, 4, 4}), above = at::ones({1, 4, 2, 2});
  const auto result = run_node("LatentCompositeMasked", {{"destination", latent(below)}, {"source", latent(above)},
                                                         {"resize_source", literal(true)},
                                                         {"mask", mask(at::full({1, 8, 8}, 0.25))}});
  EXPECT_TRUE(at::equal(result.samples(), at::full({1, 4, 4, 4}, 0.25)));
}

TEST(ImageCompositing, KeepsTheChannelsOfTheDestination) {
  const at::Tensor below = at::zeros({1, 4, 4, 4}), above = at::full({1, 2, 2, 3}, 0.5);
  const at::Tensor pixels = run_node("ImageCompositeMasked", {{"destination", image(below)}, {"source", image(above)},
                                                              {"x", literal(3)}, {"y", literal(1)}}).pixels();
  EXPECT_TRUE(at::equal(pixels[0][1][3], test::row({0.5, 0.5, 0.5, 1})));
  EXPECT_EQ(pixels.ne(0).sum().item<int64_t>(), 2 * 4);
  EXPECT_THAT(([&] { run_node("ImageCompositeMasked", {{"destination", image(below)}, {"source", image(at::ones({0, 2, 2, 3}))}}); }),
              ThrowsMessage<std::runtime_error>(HasSubstr("source is an empty picture")));
}

}  // namespace
}  // namespace heddle
