// Weights after merging, against ComfyUI's (tests/golden/lora).
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/checkpoint.h"
#include "nodes/weights/lora.h"
#include "nodes/weights/patched_weights.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using heddle::test::golden_json;
using nlohmann::json;
using test::TestFolder;

PartShapes part_shapes(const Checkpoint& c) {
  PartShapes shapes{{PartKind::kUNet, shapes_of(*c.file, *c.unet)}};
  for (const Part& part : c.text) shapes.emplace(part.kind, shapes_of(*c.file, part));
  return shapes;
}

// ComfyUI's names of the parts.
const std::map<std::string, PartKind> kParts = {{"diffusion_model.", PartKind::kUNet},
                                                {"clip_l.transformer.", PartKind::kClipL},
                                                {"clip_h.transformer.", PartKind::kClipH},
                                                {"clip_g.transformer.", PartKind::kClipG}};

const Part& part_of(const Checkpoint& checkpoint, PartKind kind) {
  if (kind == PartKind::kUNet) return *checkpoint.unet;
  return *std::find_if(checkpoint.text.begin(), checkpoint.text.end(),
                       [&](const Part& part) { return part.kind == kind; });
}

// The golden numbers and the checkpoints they are for, made once for all cases.
class Golden {
 public:
  const json cases = golden_json("lora/expected.json");
  const heddle::test::Tensors merged =
      heddle::test::golden_tensors("lora/merged.safetensors");

  std::filesystem::path file(const std::string& name, const std::string& spec) {
    const auto path = folder_ / (name + ".safetensors");
    if (!std::filesystem::exists(path)) test::write_golden(path, spec + name + ".spec.json");
    return path;
  }
  const Checkpoint& checkpoint(const std::string& name) {
    const auto found = checkpoints_.find(name);
    if (found != checkpoints_.end()) return found->second;
    return checkpoints_.emplace(name, open_checkpoint(file(name, "checkpoints/"))).first->second;
  }

 private:
  TestFolder folder_;
  std::map<std::string, Checkpoint> checkpoints_;
};

class LoraGolden : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { golden_ = std::make_unique<Golden>(); }
  static void TearDownTestSuite() { golden_.reset(); }

  const json& expected() const { return golden_->cases.at(GetParam()); }
  const Checkpoint& checkpoint() const { return golden_->checkpoint(expected()["checkpoint"]); }
  LoraMatch match(const std::string& file) const {
    return match_lora(*TensorFile::open(golden_->file(file, "lora/files/")),
                      part_shapes(checkpoint()));
  }
  // Applies the LoRA that `about` describes, at its strengths.
  void add(const json& about, const LoraMatch& lora) {
    for (const auto& [part, patches] : lora.patches) {
      const char* strength = part == PartKind::kUNet ? "strength_model" : "strength_clip";
      patches_[part] = with_patches(patches_[part], patches, about[strength]);
    }
  }
  at::Tensor weight(const std::string& key, bool patched) const {
    const auto part = std::find_if(kParts.begin(), kParts.end(),
                                   [&](const auto& row) { return key.starts_with(row.first); });
    const PartKind kind = part->second;
    const auto patches = patches_.find(kind);
    const Rounding rounding = is_text_encoder(kind) ? Rounding::kFp16 : Rounding::kNone;
    const auto source = patched_weights(
        part_weights(checkpoint().file, part_of(checkpoint(), kind), rounding),
        patched && patches != patches_.end() ? patches->second : nullptr, rounding, Placement::kMerged);
    return source->get(key.substr(part->first.size()));
  }
  void expect_weight(const std::string& key, const json& expected) const;

  static std::unique_ptr<Golden> golden_;
  std::map<PartKind, std::shared_ptr<const Patches>> patches_;
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
  const double share = (difference / allowed).max().item<double>();
  EXPECT_LE(heddle::test::measured(is_half ? "lora, fp16 weights (steps)" : "lora, fp32 weights (relative)",
                              share * (is_half ? 1 : 5e-6), is_half ? 1 : 5e-6),
            is_half ? 1 : 5e-6);
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
  const auto expect_norm = [](double actual, double norm) {
    EXPECT_LE(heddle::test::measured("lora, norms (relative)", std::abs(actual - norm) / std::max(norm, 1e-30), 1e-5), 1e-5);
  };
  expect_norm(l2, expected["l2"]);
  expect_norm(change, expected["change_l2"]);
  const auto whole = golden_->merged.find(GetParam() + "/" + key);
  if (whole != golden_->merged.end()) {
    expect_near(actual, whole->second.to(at::kFloat), is_half, largest);
  }
}

constexpr const char* kUnread = "clip_l.transformer.text_projection.weight";

TEST_P(LoraGolden, EveryWeightIsComfyUIs) {
  size_t misfits = 0;
  std::set<std::pair<PartKind, std::string>> changed;
  for (const json& about : expected()["loras"]) {
    const LoraMatch lora = match(about["file"]);
    EXPECT_EQ(lora.total, about["keys"].get<size_t>());
    EXPECT_EQ(lora.unmatched, about["unmatched"].get<std::vector<std::string>>());
    EXPECT_EQ(lora.matched + lora.unmatched.size() + lora.misfit_keys, lora.total);
    EXPECT_EQ(lora.left_out, 0u);
    misfits += lora.misfits.size();
    for (const auto& [part, patches] : lora.patches) {
      for (const auto& [name, changes] : patches) changed.emplace(part, name);
    }
    add(about, lora);
  }
  // ComfyUI counts a change of a matrix that it has, and no file.
  const size_t nowhere = expected()["unchanged"].dump().find(kUnread) != std::string::npos;
  EXPECT_EQ(changed.size() + misfits + nowhere, expected()["matched"].get<size_t>());
  for (const auto& [key, weight] : expected()["weights"].items()) expect_weight(key, weight);
  for (const std::string key : expected()["unchanged"]) {
    if (key == kUnread) continue;
    EXPECT_TRUE(at::equal(weight(key, true), weight(key, false))) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, LoraGolden,
                         ::testing::Values("kohya", "kohya_zero", "kohya_big", "kohya_b", "chain",
                                           "chain_reversed", "same_twice", "ldm_names",
                                           "generic_names", "lycoris_prefix", "diffusers_processor",
                                           "peft", "peft_default", "locon", "locon_mid", "no_alpha",
                                           "loha", "lokr_intended", "dora", "dora_one", "glora",
                                           "oft", "diff", "diff_model_zero", "partly_unknown",
                                           "sd21", "sd21_f32_file", "sdxl", "sdxl_onetrainer",
                                           "sdxl_diffusers", "refiner"),
                         [](const auto& info) { return info.param; });

// ComfyUI merges what happens to have the right number of elements.
class LoraGoldenFamilies : public LoraGolden {};

TEST_P(LoraGoldenFamilies, AnotherFamilyIsAnErrorThatNamesBoth) {
  const std::map<std::string, std::pair<const char*, const char*>> families = {
      {"flux_on_sd15", {"Flux", "Stable Diffusion 1.x"}},
      {"sdxl_on_sd15", {"Stable Diffusion XL", "Stable Diffusion 1.x"}},
      {"sd15_on_sdxl", {"Stable Diffusion 1.x", "Stable Diffusion XL"}},
      {"sd15_on_sd21", {"Stable Diffusion 1.x", "Stable Diffusion 2.x"}}};
  const auto& [of_lora, of_model] = families.at(GetParam());
  EXPECT_THAT(
      test::error_of([&] { match(expected()["loras"][0]["file"]); }),
      ::testing::AllOf(::testing::HasSubstr(std::string("looks like a LoRA for ") + of_lora),
                       ::testing::HasSubstr(std::string("the model is ") + of_model)));
}

INSTANTIATE_TEST_SUITE_P(Cases, LoraGoldenFamilies,
                         ::testing::Values("flux_on_sd15", "sdxl_on_sd15", "sd15_on_sdxl",
                                           "sd15_on_sd21"),
                         [](const auto& info) { return info.param; });

// The change without alpha, which ComfyUI fails to make, is made here.
class LoraGoldenBoft : public LoraGolden {};

TEST_P(LoraGoldenBoft, WithAlphaIsComfyUIsAndWithoutIsMade) {
  const json& about = expected()["loras"][0];
  add(about, match(about["file"]));
  for (const auto& [key, weight] : expected()["weights"].items()) expect_weight(key, weight);
  for (const std::string key : expected()["unchanged"]) {
    EXPECT_FALSE(at::allclose(weight(key, true), weight(key, false), 1e-3)) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, LoraGoldenBoft, ::testing::Values("boft", "boft_one"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace heddle::weights
