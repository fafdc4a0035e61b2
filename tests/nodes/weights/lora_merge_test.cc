// Merged LoRAs: the one file changes a model as the several do.
#include "nodes/weights/lora_merge.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>

#include "nodes/weights/checkpoint.h"
#include "nodes/weights/lora.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using heddle::test::Tensors;
using test::error_of;
using test::TestFolder;

using GoldenFile = std::pair<std::string, double>;  // name and strength

double length_of(const at::Tensor& tensor) { return tensor.to(at::kDouble).norm().item<double>(); }

class LoraMerging : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_folder_ = std::make_unique<TestFolder>();
    checkpoint_ = std::make_unique<Checkpoint>(open_checkpoint(test::write_golden(
        *shared_folder_ / "model.safetensors", "checkpoints/mini_sd15.spec.json")));
  }
  static void TearDownTestSuite() {
    checkpoint_.reset();
    shared_folder_.reset();
  }

  std::shared_ptr<const TensorFile> golden(const std::string& name) const {
    const auto path = folder_ / (name + ".safetensors");
    if (!std::filesystem::exists(path)) test::write_golden(path, "lora/files/" + name + ".spec.json");
    return TensorFile::open(path);
  }
  std::shared_ptr<const TensorFile> file(const std::string& name, const Tensors& tensors) const {
    test::write_tensors(folder_ / name, tensors, {});
    return TensorFile::open(folder_ / name);
  }
  std::vector<LoraToMerge> loras(const std::vector<GoldenFile>& golden_files) const {
    std::vector<LoraToMerge> loras;
    for (const auto& [name, strength] : golden_files) loras.push_back({golden(name), strength});
    return loras;
  }
  static MergedLora merge(const std::vector<LoraToMerge>& loras, std::optional<int64_t> rank = std::nullopt) {
    return merge_loras(loras, rank, [](int, int) {});
  }

  static PartShapes shapes() {
    const Checkpoint& c = *checkpoint_;
    return {{PartKind::kUNet, shapes_of(*c.file, *c.unet)}, {PartKind::kClipL, shapes_of(*c.file, c.text[0])}};
  }
  using AllPatches = std::map<PartKind, std::shared_ptr<const Patches>>;
  static void add(AllPatches& all, const TensorFile& lora, double strength) {
    for (const auto& [part, patches] : match_lora(lora, shapes()).patches) {
      all[part] = with_patches(all[part], patches, strength);
    }
  }

  // The changes that the files make, and those of the merged file.
  struct Both {
    std::string name;
    at::Tensor apart, merged;
  };
  std::vector<Both> changes(const std::vector<GoldenFile>& golden_files, std::optional<int64_t> rank) const {
    AllPatches apart, together;
    for (const auto& [name, strength] : golden_files) add(apart, *golden(name), strength);
    const MergedLora merged = merge(loras(golden_files), rank);
    std::ofstream out(folder_ / "merged.safetensors", std::ios::binary);
    write_safetensors(merged.tensors, {}, [&](std::string_view bytes) { out << bytes; });
    out.close();
    add(together, *TensorFile::open(folder_ / "merged.safetensors"), 1);
    std::vector<Both> both;
    for (const auto& [part, patches] : apart) {
      for (const auto& [name, change] : *patches) {
        const at::Tensor zero = at::zeros(shapes().at(part).at(name));
        both.push_back({name, apply_patches(zero, change), apply_patches(zero, together.at(part)->at(name))});
      }
      EXPECT_EQ(patches->size(), together.at(part)->size());
    }
    return both;
  }

  static std::unique_ptr<TestFolder> shared_folder_;
  static std::unique_ptr<Checkpoint> checkpoint_;
  TestFolder folder_;
};
std::unique_ptr<TestFolder> LoraMerging::shared_folder_;
std::unique_ptr<Checkpoint> LoraMerging::checkpoint_;

TEST_F(LoraMerging, SideBySideIsExact) {
  const std::vector<GoldenFile> cases[] = {{{"sd15_kohya", 0.8}, {"sd15_kohya_b", -0.5}, {"sd15_no_alpha", 1}},
                                       {{"sd15_locon", 0.7}, {"sd15_locon_mid", 1.3}}};
  for (const auto& files : cases) {
    for (const Both& change : changes(files, std::nullopt)) {
      EXPECT_LT(length_of(change.merged - change.apart), 2e-6 * length_of(change.apart)) << change.name;
    }
  }
}

TEST_F(LoraMerging, ByRankKeepsTheLargestPart) {
  for (const Both& change : changes({{"sd15_kohya", 0.8}, {"sd15_kohya_b", -0.5}}, 6)) {
    const at::Tensor values = std::get<1>(at::linalg_svd(change.apart.flatten(1), false)).to(at::kDouble);
    const double tail = values.size(0) > 6 ? length_of(values.slice(0, 6)) : 0;
    EXPECT_NEAR(length_of(change.merged - change.apart), tail, 1e-3 * length_of(change.apart)) << change.name;
  }
}

TEST_F(LoraMerging, KindsThatAreNoProductAreMergedByRank) {
  for (const Both& change : changes({{"sd15_loha", 0.8}, {"sd15_kohya", 0.5}}, 4096)) {
    EXPECT_LT(length_of(change.merged - change.apart), 1e-3 * length_of(change.apart)) << change.name;
  }
  EXPECT_THAT(error_of([&] { merge(loras({{"sd15_loha", 1}, {"sd15_kohya", 1}})); }),
              AllOf(HasSubstr("of the kind LoHa"), HasSubstr("merge by svd instead")));
}

TEST_F(LoraMerging, FactorsKeepTheirTypeWhereThatLosesNothing) {
  const Tensors a{{"lora_unet_x.lora_up.weight", at::full({2, 1}, 3.f).to(at::kHalf)},
                  {"lora_unet_x.lora_down.weight", at::full({1, 3}, 5.f).to(at::kHalf)},
                  {"lora_unet_x.alpha", at::full({}, 0.5f)}};
  const auto lora = file("a.safetensors", a);
  const auto up = [&](double strength) {
    return merge({{lora, strength}, {lora, 1}}).tensors.at("lora_unet_x.lora_up.weight").read();
  };
  EXPECT_EQ(up(2).scalar_type(), at::kHalf);
  EXPECT_TRUE(at::equal(up(2), at::tensor({3.f, 1.5f, 3.f, 1.5f}).reshape({2, 2}).to(at::kHalf)));
  EXPECT_EQ(up(0.1).scalar_type(), at::kFloat);
  EXPECT_EQ(merge({{lora, 1}, {lora, 1}}).tensors.at("lora_unet_x.alpha").read().item<float>(), 2);
}

TEST_F(LoraMerging, DifferencesAreAdded) {
  const Tensors a{{"lora_unet_x.diff", at::full({2, 3}, 2.f)}, {"lora_unet_x.diff_b", at::full({2}, 1.f)}};
  const auto lora = file("a.safetensors", a);
  const TensorsToWrite merged = merge({{lora, 0.5}, {lora, -2}}).tensors;
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_TRUE(at::equal(merged.at("lora_unet_x.diff").read(), at::full({2, 3}, -3.f)));
  EXPECT_TRUE(at::equal(merged.at("lora_unet_x.diff_b").read(), at::full({2}, -1.5f)));
}

TEST_F(LoraMerging, KeysThatChangeNothingAreTold) {
  const auto lora = file("a.safetensors", {{"lora_unet_x.diff", at::ones({2, 3})}, {"other", at::ones({1})}});
  EXPECT_THAT(merge({{lora, 1}}).left_out, ElementsAre("a.safetensors: \"other\""));
}

TEST_F(LoraMerging, WhatDependsOnTheWeightIsAnError) {
  for (const char* name : {"sd15_dora", "sd15_glora", "sd15_oft", "sd15_boft"}) {
    EXPECT_THAT(error_of([&] { merge(loras({{"sd15_kohya", 1}, {name, 1}})); }),
                AllOf(HasSubstr(name), HasSubstr("depends on the weights"), HasSubstr("LoraSave")))
        << name;
  }
}

TEST_F(LoraMerging, FilesThatDoNotBelongTogetherAreAnErrorThatNamesBoth) {
  EXPECT_THAT(error_of([&] { merge(loras({{"sd15_kohya", 1}, {"sdxl_kohya", 1}})); }),
              AllOf(HasSubstr("sd15_kohya.safetensors is for "),
                    HasSubstr("sdxl_kohya.safetensors for Stable Diffusion XL")));
  EXPECT_THAT(error_of([&] { merge(loras({{"sd15_kohya", 1}, {"sd15_ldm_names", 1}})); }),
              AllOf(HasSubstr("sd15_kohya.safetensors names weights of the U-Net as \"lora_unet_down_blocks...\""),
                    HasSubstr("sd15_ldm_names.safetensors as \"lora_unet_input_blocks...\"")));
}

TEST_F(LoraMerging, ChangesOfDifferentShapesAreAnErrorWithBoth) {
  const auto lora = [&](const std::string& name, int64_t in) {
    return file(name, {{"lora_unet_x.lora_up.weight", at::ones({2, 1})}, {"lora_unet_x.lora_down.weight", at::ones({1, in})}});
  };
  EXPECT_THAT(error_of([&] { merge({{lora("a.safetensors", 3), 1}, {lora("b.safetensors", 4), 1}}); }),
              AllOf(HasSubstr("b.safetensors"), HasSubstr("[2, 1] x [1, 4]"), HasSubstr("a.safetensors"), HasSubstr("[2, 1] x [1, 3]")));
}

TEST_F(LoraMerging, DamagedFilesAreAnError) {
  const auto lora = [&](const at::Tensor& up, const at::Tensor& down) {
    const auto damaged = file("bad.safetensors", {{"lora_unet_x.lora_up.weight", up}, {"lora_unet_x.lora_down.weight", down}});
    return error_of([&] { merge({{damaged, 1}}); });
  };
  EXPECT_THAT(lora(at::full({2, 1}, NAN), at::ones({1, 3})), HasSubstr("not finite"));
  EXPECT_THAT(lora(at::ones({2, 0}), at::ones({0, 3})), HasSubstr("of shape [2, 0]"));
  EXPECT_THAT(lora(at::ones({2}), at::ones({1, 3})), HasSubstr("of shape [2]"));
  EXPECT_THAT(lora(at::ones({2, 2}), at::ones({1, 3})), HasSubstr("do not fit each other"));
}

}  // namespace
}  // namespace heddle::weights
