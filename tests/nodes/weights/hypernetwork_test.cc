#include "nodes/weights/hypernetwork.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::AllOf;
using test::error_of;
using ::testing::HasSubstr;

/// Writes tensors under the names of a flat file; settings become metadata.
class HypernetworkTest : public ::testing::Test {
 protected:
  diffusion::Hypernetwork read(const std::map<std::string, at::Tensor>& tensors,
                               const std::map<std::string, std::string>& settings = {}) const {
    test::write_tensors(folder_ / "a.pt", tensors, settings);
    return read_hypernetwork(*TensorFile::open(folder_ / "a.pt"));
  }
  std::string error(const std::map<std::string, at::Tensor>& tensors,
                    const std::map<std::string, std::string>& settings = {}) const {
    return error_of([&] { read(tensors, settings); });
  }
  /// Both modules of width 2, by way of 3.
  static std::map<std::string, at::Tensor> two_layers() {
    std::map<std::string, at::Tensor> tensors;
    for (const std::string side : {"2[0].", "2[1]."}) {
      tensors[side + "linear.0.weight"] = at::ones({3, 2});
      tensors[side + "linear.0.bias"] = at::zeros({3});
      tensors[side + "linear.10.weight"] = at::ones({2, 3});
      tensors[side + "linear.10.bias"] = at::zeros({2});
    }
    return tensors;
  }
  test::TestFolder folder_;
};

TEST_F(HypernetworkTest, AFileOfTheTrainerGivesTorchsNumbers) {
  const auto file = TensorFile::open(heddle::test::golden_path("pickle/hypernetwork.pt"));
  const diffusion::Hypernetwork network = read_hypernetwork(*file);
  ASSERT_EQ(network.modules.size(), 1u);
  const at::Tensor x = at::tensor({1.0f, -2.0f, 0.5f, 3.0f}).reshape({1, 2, 2});
  const auto changed = diffusion::apply_hypernetwork(network, {x, x}, 0.5);
  EXPECT_TRUE(
      at::equal(changed.k, at::tensor({0.9375f, -1.3125f, 0.125f, 4.4375f}).reshape({1, 2, 2})));
  EXPECT_TRUE(at::equal(changed.v, at::tensor({1.0f, -1.5f, -0.625f, 5.5625f}).reshape({1, 2, 2})));
}

TEST_F(HypernetworkTest, LayersAreInTheOrderOfTheirNumbers) {
  const auto network = read(two_layers(), {{"activation_func", "tanh"}});
  const auto& module = network.modules.at(2).first;
  ASSERT_EQ(module.size(), 2u);
  EXPECT_EQ(module[0].linear.weight.sizes(), at::IntArrayRef({3, 2}));
  EXPECT_EQ(module[0].activation, diffusion::find_activation("tanh"));
  EXPECT_EQ(module[1].activation, nullptr);
}

TEST_F(HypernetworkTest, TheLastLayerIsActivatedIfTheFileSaysSo) {
  const auto network =
      read(two_layers(), {{"activation_func", "relu"}, {"activate_output", "true"}});
  EXPECT_EQ(network.modules.at(2).second[1].activation, diffusion::find_activation("relu"));
}

TEST_F(HypernetworkTest, ATensorOfOneDimensionIsANormOfTheLayerBeforeIt) {
  auto tensors = two_layers();
  for (const std::string side : {"2[0].", "2[1]."}) {
    for (const char* of : {"weight", "bias"}) tensors[side + "linear.2." + of] = at::ones({3});
  }
  const auto network = read(tensors);
  EXPECT_TRUE(network.modules.at(2).first[0].norm);
  EXPECT_FALSE(network.modules.at(2).first[1].norm);
}

TEST_F(HypernetworkTest, TheFirstFilesNamesAreRead) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : two_layers()) {
    std::string old = name;
    old.replace(old.find("linear."), 8, name.find(".0.") != name.npos ? "linear1" : "linear");
    if (name.find(".10.") != name.npos) old.replace(old.find("linear0"), 7, "linear2");
    tensors[old] = tensor;
  }
  EXPECT_TRUE(tensors.contains("2[0].linear1.weight") && tensors.contains("2[1].linear2.bias"));
  EXPECT_EQ(read(tensors).modules.at(2).second.size(), 2u);
}

TEST_F(HypernetworkTest, WhatMakesNoNetworkIsNamed) {
  EXPECT_THAT(error({{"a", at::ones({1})}}), HasSubstr("it is no hypernetwork"));
  EXPECT_THAT(error(two_layers(), {{"activation_func", "exec"}}),
              AllOf(HasSubstr("\"exec\""), HasSubstr("relu")));

  auto tensors = two_layers();
  tensors["2[0].linear.10.weight"] = at::ones({2, 4});
  EXPECT_THAT(error(tensors),
              HasSubstr("\"2[0].linear.10.weight\" has shape [2, 4]; expected [2, 3]"));
  tensors = two_layers();
  tensors.erase("2[1].linear.0.bias");
  EXPECT_THAT(error(tensors), HasSubstr("\"2[1].linear.0.bias\" is missing"));
  tensors = two_layers();
  for (const char* of : {"weight", "bias"}) tensors.erase(std::string("2[1].linear.10.") + of);
  EXPECT_THAT(error(tensors), HasSubstr("its module of width 2 for values gives 3 numbers"));
  tensors = two_layers();
  std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("2[1]"); });
  EXPECT_THAT(error(tensors), HasSubstr("its module of width 2 for values is missing"));
  tensors = two_layers();
  tensors["2[0].linear.0.bias"] = at::full({3}, NAN);
  EXPECT_THAT(error(tensors), HasSubstr("\"2[0].linear.0.bias\" holds NaN"));
}

TEST_F(HypernetworkTest, ScalarsAndEmptyTensorsAreErrors) {
  auto tensors = two_layers();
  tensors["2[0].linear.0.weight"] = at::scalar_tensor(1);
  EXPECT_THAT(error(tensors), HasSubstr("has shape []; expected [0, 2]"));
}

}  // namespace
}  // namespace heddle::weights
