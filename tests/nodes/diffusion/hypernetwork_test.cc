#include "nodes/diffusion/hypernetwork.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

namespace heddle::diffusion {
namespace {

Tensor numbers(std::vector<float> values) { return at::tensor(values); }

/// Gives `factor` times its input.
HypernetworkModule times(double factor, int64_t width) {
  return {{{at::eye(width) * factor, at::zeros({width})}, nullptr, std::nullopt}};
}

TEST(Hypernetwork, KeysAndValuesAreChangedEachByItsModuleOfTheirWidth) {
  const Hypernetwork network{
      {{2, {times(1, 2), times(10, 2)}}, {3, {times(100, 3), times(1000, 3)}}}};
  const Tensor two = at::ones({1, 4, 2}), three = at::ones({1, 4, 3});
  const AttentionContext narrow = apply_hypernetwork(network, {two, two}, 0.5);
  EXPECT_TRUE(at::equal(narrow.k, at::full({1, 4, 2}, 1.5)));
  EXPECT_TRUE(at::equal(narrow.v, at::full({1, 4, 2}, 6.0)));
  const AttentionContext wide = apply_hypernetwork(network, {three, three}, -1);
  EXPECT_TRUE(at::equal(wide.k, at::full({1, 4, 3}, -99.0)));
  EXPECT_TRUE(at::equal(wide.v, at::full({1, 4, 3}, -999.0)));
}

TEST(Hypernetwork, OtherWidthsAreLeftAlone) {
  const Hypernetwork network{{{2, {times(1, 2), times(1, 2)}}}};
  const Tensor x = at::ones({1, 4, 5});
  const AttentionContext same = apply_hypernetwork(network, {x, x}, 1);
  EXPECT_TRUE(same.k.is_same(x) && same.v.is_same(x));
}

TEST(Hypernetwork, LayersRunInOrderWithActivationBeforeNorm) {
  HypernetworkModule module = times(-1, 2);
  module[0].activation = find_activation("relu");
  module[0].norm = LayerNorm{numbers({1, 1}), numbers({5, 5})};
  module.push_back(times(2, 2)[0]);
  const Hypernetwork network{{{2, {module, module}}}};
  // (-1, 3) -> (1, -3) -> (1, 0) -> (1, -1) + 5 -> (12, 8)
  const Tensor x = numbers({-1, 3}).reshape({1, 1, 2});
  const Tensor expected = x + numbers({12, 8});
  EXPECT_TRUE(at::allclose(apply_hypernetwork(network, {x, x}, 1).k, expected, 0, 1e-3));
}

TEST(Hypernetwork, ActivationsAreTorchsByTheNamesThatFilesHave) {
  const Tensor x = numbers({-4, -1, 0, 1, 4});
  const std::pair<const char*, Tensor> expected[] = {
      {"linear", x},
      {"relu", numbers({0, 0, 0, 1, 4})},
      {"leakyrelu", numbers({-0.04f, -0.01f, 0, 1, 4})},
      {"elu", numbers({-0.98168436f, -0.63212056f, 0, 1, 4})},
      {"swish", numbers({0, -1 / 3.0f, 0, 2 / 3.0f, 4})},
      {"tanh", numbers({-0.9993293f, -0.76159416f, 0, 0.76159416f, 0.9993293f})},
      {"sigmoid", numbers({0.01798621f, 0.26894142f, 0.5f, 0.7310586f, 0.98201379f})},
      {"softsign", numbers({-0.8f, -0.5f, 0, 0.5f, 0.8f})},
  };
  for (const auto& [name, values] : expected) {
    ASSERT_TRUE(find_activation(name)) << name;
    EXPECT_TRUE(at::allclose(find_activation(name)(x), values, 0, 1e-6)) << name;
  }
  EXPECT_FALSE(find_activation("system"));
  for (const std::string_view name : activation_names()) EXPECT_TRUE(find_activation(name));
}

}  // namespace
}  // namespace heddle::diffusion
