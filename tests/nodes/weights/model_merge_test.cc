// Merging models, against the formulas.
#include "nodes/weights/model_merge.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/weights/checkpoint.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::error_of;
using test::TestFolder;

// mini_sd15 in F32, and a second model made of it.
class ModelMerge : public ::testing::Test {
 protected:
  ModelMerge() {
    const Checkpoint golden = open_checkpoint(
        test::write_golden(folder_ / "golden.safetensors", "checkpoints/mini_sd15.spec.json"));
    heddle::test::Tensors second;
    for (const auto& [key, info] : golden.file->tensors()) {
      const at::Tensor tensor = golden.file->tensor(key);
      first_tensors_[key] = tensor.is_floating_point() ? tensor.to(at::kFloat).clone() : tensor.clone();
      second[key] = tensor.is_floating_point() ? first_tensors_[key] * -0.37f + 0.01f : tensor.clone();
    }
    first_ = write("first.safetensors", first_tensors_);
    second_ = write("second.safetensors", second);
  }

  Checkpoint write(const std::string& name, const heddle::test::Tensors& tensors) {
    test::write_tensors(folder_ / name, tensors, {});
    return open_checkpoint(folder_ / name);
  }

  static PartToSave unet(const Checkpoint& c, std::shared_ptr<const Patches> patches = nullptr) {
    return {c.file, *c.unet, std::move(patches)};
  }
  static PartToSave text(const Checkpoint& c, std::shared_ptr<const Patches> patches = nullptr) {
    return {c.file, c.text[0], std::move(patches), Rounding::kFp16};
  }
  static at::Tensor weight(const PartToSave& part, const std::string& name,
                           std::shared_ptr<const Patches> patches = nullptr) {
    return PartToSave{part.file, part.part, std::move(patches), part.rounding}.weights()->get(name);
  }
  static std::shared_ptr<const Patches> difference(const std::string& name, const at::Tensor& value) {
    return std::make_shared<const Patches>(Patches{{name, {Patch{.change = Difference{value}}}}});
  }

  TestFolder folder_;
  heddle::test::Tensors first_tensors_;
  Checkpoint first_, second_;
};

const std::string kWeight = "middle_block.0.in_layers.2.weight";
const std::string kTextWeight = "text_model.encoder.layers.0.mlp.fc1.weight";

MixOf everywhere(double keep, double add) {
  return [=](const std::string&) { return Mix{keep, add}; };
}

TEST_F(ModelMerge, EveryWeightIsTheMix) {
  const Merge merge = merge_parts(unet(first_), unet(second_), everywhere(0.3, 1.0 - 0.3));
  size_t compared = 0;
  for (const auto& [name, patches] : *merge.patches) {
    const at::Tensor a = weight(unet(first_), name), b = weight(unet(second_), name);
    EXPECT_TRUE(at::equal(weight(unet(first_), name, merge.patches), a * 0.3 + b * (1.0 - 0.3))) << name;
    ++compared;
  }
  EXPECT_EQ(compared, shapes_of(*first_.file, *first_.unet).size());
}

TEST_F(ModelMerge, ChangesOfBothAreIncluded) {
  const auto shape = shapes_of(*first_.file, *first_.unet).at(kWeight);
  const at::Tensor d1 = at::full(shape, 0.5f), d2 = at::full(shape, -2.f);
  const PartToSave a = unet(first_, difference(kWeight, d1)), b = unet(second_, difference(kWeight, d2));
  const Merge merge = merge_parts(a, b, everywhere(0.25, -1));
  const at::Tensor expected = (weight(a, kWeight) + d1) * 0.25 - (weight(b, kWeight) + d2);
  EXPECT_TRUE(at::equal(weight(a, kWeight, merge.patches), expected));
}

TEST_F(ModelMerge, AMergeCanBeMergedAgain) {
  const Merge difference_of_both = merge_parts(unet(second_), unet(first_), everywhere(1, -1));
  const Merge sum = merge_parts(unet(first_), unet(second_, difference_of_both.patches), everywhere(1, 1));
  const at::Tensor a = weight(unet(first_), kWeight), b = weight(unet(second_), kWeight);
  EXPECT_TRUE(at::equal(weight(unet(first_), kWeight, sum.patches), a + (b - a)));
}

TEST_F(ModelMerge, ATextEncoderIsRoundedOnceAtTheEnd) {
  const auto shape = shapes_of(*first_.file, first_.text[0]).at(kTextWeight);
  const auto small = difference(kTextWeight, at::full(shape, 1e-5f));
  const Merge merge = merge_parts(text(first_), text(second_, small), everywhere(0.5, 0.5));
  const at::Tensor a = weight(text(first_), kTextWeight), b = weight(text(second_), kTextWeight);
  const at::Tensor expected = (a * 0.5 + (b + 1e-5f) * 0.5).to(at::kHalf).to(at::kFloat);
  EXPECT_TRUE(at::equal(weight(text(first_), kTextWeight, merge.patches), expected));
}

TEST_F(ModelMerge, NothingIsReadBeforeAWeightIsAskedFor) {
  const auto hollow = test::write_hollow(folder_ / "hollow.safetensors",
                                            test::spec_tensors("checkpoints/mini_sd15.spec.json"));
  const Checkpoint cut = open_checkpoint(hollow);
  const Merge merge = merge_parts(unet(first_), unet(cut), everywhere(1, 1));
  std::filesystem::resize_file(hollow, std::filesystem::file_size(hollow) + 1);
  EXPECT_THAT(error_of([&] { weight(unet(first_), kWeight, merge.patches); }),
              HasSubstr("hollow.safetensors: the file was changed while in use"));
}

TEST_F(ModelMerge, AnotherNumberOfInputChannelsLeavesTheFirstConvolutionAlone) {
  const Checkpoint inpaint = open_checkpoint(test::write_golden(
      folder_ / "inpaint.safetensors", "checkpoints/mini_sd15_inpaint.spec.json"));
  const Merge merge = merge_parts(unet(inpaint), unet(first_), everywhere(1, 1));
  EXPECT_THAT(merge.left_alone, ElementsAre("input_blocks.0.0.weight"));
  EXPECT_FALSE(merge.patches->contains("input_blocks.0.0.weight"));
  EXPECT_TRUE(merge.patches->contains(kWeight));
}

TEST_F(ModelMerge, AWeightOfAnotherShapeIsAnErrorThatNamesBothFiles) {
  heddle::test::Tensors wide = first_tensors_;
  at::Tensor& context = wide["model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_v.weight"];
  const std::string shape = shape_text(context.sizes());
  context = at::cat({context, context}, 1);
  const std::string wide_shape = shape_text(context.sizes());
  test::write_tensors(folder_ / "wide.safetensors", wide, {});
  const auto file = TensorFile::open(folder_ / "wide.safetensors");
  const PartToSave other{file, *first_.unet, nullptr};
  EXPECT_THAT(error_of([&] { merge_parts(unet(first_), other, everywhere(1, 1)); }),
              AllOf(HasSubstr("first.safetensors has it as " + shape),
                    HasSubstr("wide.safetensors has it as " + wide_shape)));
}

TEST_F(ModelMerge, AWeightThatOneLacksIsAnErrorThatNamesBothFiles) {
  PartToSave less = unet(second_);
  less.part = *find_part(
      [&] {
        auto tensors = second_.file->tensors();
        tensors.erase("model.diffusion_model." + kWeight);
        return tensors;
      }(),
      PartKind::kUNet);
  const std::string message = "second.safetensors has no such weight";
  EXPECT_THAT(error_of([&] { merge_parts(unet(first_), less, everywhere(1, 1)); }),
              AllOf(HasSubstr(message), HasSubstr("first.safetensors has it as"), HasSubstr(kWeight)));
  EXPECT_THAT(error_of([&] { merge_parts(less, unet(first_), everywhere(1, 1)); }), HasSubstr(message));
}

}  // namespace
}  // namespace heddle::weights
