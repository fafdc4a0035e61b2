// Files that torch.save wrote (tests/golden/pickle/make_files.py has the formulas).
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/safetensors.h"
#include "tests/support/golden.h"

namespace heddle::weights {
namespace {

using heddle::test::golden_path;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::shared_ptr<const TensorFile> open(const std::string& name) {
  return TensorFile::open(golden_path("pickle/" + name));
}

at::Tensor count(int64_t from, int64_t to) { return at::arange(from, to).to(at::kFloat); }

void expect_tensor(const TensorFile& file, const std::string& name, const at::Tensor& expected) {
  const at::Tensor read = file.tensor(name);
  EXPECT_EQ(read.scalar_type(), expected.scalar_type()) << name;
  EXPECT_TRUE(read.is_contiguous()) << name;
  EXPECT_EQ(file.tensors().at(name).shape, expected.sizes().vec()) << name;
  EXPECT_TRUE(at::equal(read.to(at::kDouble), expected.to(at::kDouble))) << name;
}

class TorchGolden : public ::testing::TestWithParam<const char*> {};

class TypesOfTorch : public TorchGolden {};

TEST_P(TypesOfTorch, EveryTypeIsRead) {
  const std::pair<const char*, at::ScalarType> types[] = {{"float32", at::kFloat},
                                                          {"float16", at::kHalf},
                                                          {"bfloat16", at::kBFloat16},
                                                          {"float64", at::kDouble},
                                                          {"int64", at::kLong},
                                                          {"int32", at::kInt},
                                                          {"int16", at::kShort},
                                                          {"int8", at::kChar},
                                                          {"uint8", at::kByte},
                                                          {"uint16", at::kUInt16},
                                                          {"float8_e4m3fn", at::kFloat8_e4m3fn},
                                                          {"float8_e5m2", at::kFloat8_e5m2}};
  const auto file = open(GetParam());
  for (const auto& [name, type] : types) expect_tensor(*file, name, at::arange(3).to(type));
  expect_tensor(*file, "bool", at::tensor({1, 0, 1}).to(at::kBool));
  EXPECT_EQ(file->tensors().size(), std::size(types) + 1);
}

INSTANTIATE_TEST_SUITE_P(Containers, TypesOfTorch,
                         ::testing::Values("types.pt", "types_legacy.pt"));

class ViewsOfTorch : public TorchGolden {};

TEST_P(ViewsOfTorch, ViewsComeOutRightAndInOrder) {
  const auto file = open(GetParam());
  const at::Tensor shared = count(0, 12).reshape({4, 3});
  expect_tensor(*file, "whole", shared);
  expect_tensor(*file, "tied", shared);
  expect_tensor(*file, "transposed", shared.t());
  expect_tensor(*file, "row", shared[2]);
  expect_tensor(*file, "every_other", shared.slice(0, 1, 4, 2).slice(1, 0, 3, 2));
  expect_tensor(*file, "parameter", shared[0]);
  expect_tensor(*file, "expanded", at::ones({5}));
  expect_tensor(*file, "scalar", at::scalar_tensor(2.5));
  expect_tensor(*file, "empty", at::empty({0}));
  expect_tensor(*file, "empty_matrix", at::empty({3, 0}));
  EXPECT_THAT(file->names_in_order(),
              ElementsAre("whole", "tied", "transposed", "row", "every_other", "parameter",
                          "expanded", "scalar", "empty", "empty_matrix"));
}

TEST_P(ViewsOfTorch, WhatIsBesideTheStateDictIsMetadataIfItIsPlain) {
  EXPECT_THAT(open(GetParam())->metadata(),
              UnorderedElementsAre(Pair("global_step", "7"), Pair("name", "views"),
                                   Pair("rate", "0.5"), Pair("done", "true")));
}

INSTANTIATE_TEST_SUITE_P(Containers, ViewsOfTorch,
                         ::testing::Values("views.ckpt", "views_legacy.ckpt", "views_protocol4.pth",
                                           "views_legacy_protocol3.pth"));

TEST(TorchGolden, TiedTensorsAreOneMemoryWithinTheFile) {
  const auto file = open("views.ckpt");
  const at::Tensor whole = file->tensor("whole");
  EXPECT_EQ(whole.data_ptr(), file->tensor("tied").data_ptr());
  EXPECT_EQ(static_cast<const float*>(whole.data_ptr()) + 6, file->tensor("row").data_ptr());
  EXPECT_EQ(file->tensors().at("row").begin, file->tensors().at("whole").begin + 24);
}

TEST(TorchGolden, ACheckpointOfATrainingIsRead) {
  const auto file = open("training.ckpt");
  expect_tensor(*file, "a", count(0, 2));
  EXPECT_EQ(file->tensors().size(), 1u);
  EXPECT_THAT(file->metadata(), UnorderedElementsAre(Pair("epoch", "3")));
}

TEST(TorchGolden, AModuleOfParametersStandsForThem) {
  const auto file = open("parameter_dict.pt");
  EXPECT_THAT(file->names_in_order(), ElementsAre("string_to_token.*", "string_to_param.*"));
  expect_tensor(*file, "string_to_param.*", count(0, 8).reshape({2, 4}));
}

TEST(TorchGolden, ItemsOfAListHaveTheirIndex) {
  const auto file = open("list.bin");
  EXPECT_THAT(file->names_in_order(), ElementsAre("[0].emb", "[1].emb"));
  expect_tensor(*file, "[1].emb", count(100, 104));
  EXPECT_THAT(file->metadata(), IsEmpty());
}

TEST(TorchGolden, KeysThatAreNumbersAndTuplesAreNamed) {
  const auto file = open("hypernetwork.pt");
  EXPECT_EQ(file->names_in_order().front(), "2[0].linear.0.weight");
  EXPECT_EQ(file->names_in_order().back(), "2[1].linear.2.bias");
  EXPECT_EQ(file->metadata().at("activation_func"), "relu");
  EXPECT_EQ(file->metadata().at("is_layer_norm"), "false");
}

TEST(TorchGolden, AnEmbeddingOfTheReferenceIsRead) {
  const auto file = TensorFile::open(golden_path("text/embeddings/delta.pt"));
  const auto expected =
      heddle::test::golden_tensors("text/embeddings/delta.converted.safetensors");
  ASSERT_EQ(expected.size(), 1u);
  expect_tensor(*file, "string_to_param.*", expected.begin()->second);
  EXPECT_EQ(file->metadata().at("name"), "delta");
}

}  // namespace
}  // namespace heddle::weights
