// Weights after merging, against ComfyUI's (tests/golden/lora).
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/checkpoint.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using heddle::testing::golden_json;
using nlohmann::json;
using testing::TestFolder;

PartShapes part_shapes(const Checkpoint& c) {
  PartShapes shapes{{PartKind::kUNet, shapes_of(*c.file, *c.unet)}};
  for (const Part& part : c.text) shapes.emplace(part.kind, shapes_of(*c.file, part));
  return shapes;
}

Patches patches_of(const LoraMatch& lora, PartKind part) {
  const auto found = lora.patches.find(part);
  return found == lora.patches.end() ? Patches() : found->second;
}

const std::string kUNet = "diffusion_model.", kText = "clip_l.transformer.";

// The golden numbers, the checkpoint they are for, and its parts: made once for all cases.
struct Golden {
  json cases = golden_json("lora/expected.json");
  heddle::testing::Tensors merged = heddle::testing::golden_tensors("lora/merged.safetensors");
  TestFolder folder;
  Checkpoint checkpoint = open_checkpoint(
      testing::write_golden(folder / "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json"));
};

class LoraGolden : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { golden_ = std::make_unique<Golden>(); }
  static void TearDownTestSuite() { golden_.reset(); }

  LoraMatch match(const std::string& file) const {
    const auto path = golden_->folder / (file + ".safetensors");
    testing::write_golden(path, "lora/files/" + file + ".spec.json");
    const Checkpoint& c = golden_->checkpoint;
    return match_lora(*TensorFile::open(path), part_shapes(c));
  }
  // Applies the LoRA that `about` describes, at its strengths.
  void add(const json& about, const LoraMatch& lora) {
    unet_ = with_patches(unet_, patches_of(lora, PartKind::kUNet), about["strength_model"]);
    text_ = with_patches(text_, patches_of(lora, PartKind::kClipL), about["strength_clip"]);
  }
  at::Tensor weight(const std::string& key, bool patched) const {
    const Checkpoint& c = golden_->checkpoint;
    const bool is_unet = key.starts_with(kUNet);
    const auto source = part_weights(c.file, is_unet ? *c.unet : c.text[0], !is_unet,
                                     !patched  ? nullptr
                                     : is_unet ? unet_
                                               : text_);
    return source->get(key.substr(is_unet ? kUNet.size() : kText.size()));
  }
  void expect_weight(const std::string& key, const json& expected) const;

  static std::unique_ptr<Golden> golden_;
  std::shared_ptr<const Patches> unet_, text_;
};
std::unique_ptr<Golden> LoraGolden::golden_;

// README.networks.md, section 3: 5e-6 of the largest value in fp32, one step in fp16, 1e-5 relative
// for norms.
void expect_near(const at::Tensor& actual, const at::Tensor& expected, bool is_half,
                 double largest) {
  const at::Tensor difference = (actual.to(at::kDouble) - expected.to(at::kDouble)).abs();
  const at::Tensor step =
      (expected.to(at::kDouble).abs() * std::ldexp(1, -10)).clamp_min(std::ldexp(1, -24));
  const at::Tensor allowed = is_half ? step : at::full_like(step, 5e-6 * largest);
  EXPECT_TRUE((difference <= allowed).all().item<bool>())
      << "largest difference " << difference.max().item<double>();
}

void LoraGolden::expect_weight(const std::string& key, const json& expected) const {
  SCOPED_TRACE(key);
  const at::Tensor actual = weight(key, true), base = weight(key, false);
  ASSERT_EQ(actual.sizes(), expected["shape"].get<std::vector<int64_t>>());
  const bool is_half = expected["stored"] == "F16";
  const double largest = actual.abs().max().item<double>();
  const at::Tensor flat = actual.flatten();
  const auto ends = [](const json& values) {
    return at::tensor(values.get<std::vector<double>>());
  };
  expect_near(flat.slice(0, 0, 8), ends(expected["first"]), is_half, largest);
  expect_near(flat.slice(0, -8), ends(expected["last"]), is_half, largest);
  const double l2 = flat.to(at::kDouble).norm().item<double>();
  const double change = (actual.to(at::kDouble) - base.to(at::kDouble)).norm().item<double>();
  EXPECT_NEAR(l2, expected["l2"], 1e-5 * expected["l2"].get<double>());
  EXPECT_NEAR(change, expected["change_l2"], 1e-5 * expected["change_l2"].get<double>());
  const auto whole = golden_->merged.find(GetParam() + "/" + key);
  if (whole != golden_->merged.end()) {
    expect_near(actual, whole->second.to(at::kFloat), is_half, largest);
  }
}

TEST_P(LoraGolden, EveryWeightIsComfyUIs) {
  const json& expected = golden_->cases.at(GetParam());
  std::set<std::string> patched;
  for (const json& about : expected["loras"]) {
    const LoraMatch lora = match(about["file"]);
    EXPECT_EQ(lora.total, about["keys"].get<size_t>());
    EXPECT_EQ(lora.unmatched, about["unmatched"].get<std::vector<std::string>>());
    EXPECT_EQ(lora.matched + lora.unmatched.size(), lora.total);
    EXPECT_EQ(lora.left_out, 0u);
    add(about, lora);
    for (const auto& [name, patches] : patches_of(lora, PartKind::kUNet))
      patched.insert(kUNet + name);
    for (const auto& [name, patches] : patches_of(lora, PartKind::kClipL))
      patched.insert(kText + name);
  }
  EXPECT_EQ(patched.size(), expected["matched"].get<size_t>());
  for (const auto& [key, weight] : expected["weights"].items()) expect_weight(key, weight);
  for (const std::string key : expected["unchanged"]) {
    EXPECT_TRUE(at::equal(weight(key, true), weight(key, false))) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, LoraGolden,
                         ::testing::Values("kohya", "kohya_zero", "kohya_big", "kohya_b",
                                           "same_twice", "ldm_names", "generic_names",
                                           "lycoris_prefix", "diffusers_processor", "peft",
                                           "peft_default", "locon", "locon_mid", "no_alpha"),
                         [](const auto& info) { return info.param; });

class LoraChain : public LoraGolden {};

// The third LoRA of these chains is of a format that is refused: only what the others change alone
// is compared.
TEST_P(LoraChain, AddsInTheOrderOfTheLoaders) {
  const json& expected = golden_->cases.at(GetParam());
  for (const json& about : expected["loras"]) {
    if (about["file"] != "sd15_diff") add(about, match(about["file"]));
  }
  size_t compared = 0;
  for (const auto& [key, weight] : expected["weights"].items()) {
    if (golden_->cases.at("diff")["weights"].contains(key)) continue;
    expect_weight(key, weight);
    ++compared;
  }
  EXPECT_GT(compared, 200u);
}

INSTANTIATE_TEST_SUITE_P(Cases, LoraChain, ::testing::Values("chain", "chain_reversed"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace heddle::weights
