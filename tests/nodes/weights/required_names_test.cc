#include "nodes/weights/required_names.h"

#include <gtest/gtest.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

NamesAndShapes shapes_of_part(const std::string& golden_spec, const std::string& prefix) {
  NamesAndShapes shapes;
  for (const auto& t : test::only(test::spec_tensors(golden_spec), prefix)) {
    if (!t.name.ends_with("position_ids")) shapes.emplace(t.name, t.shape);
  }
  return shapes;
}

struct Case {
  PartKind kind;
  std::string spec, prefix;
};
const Case kCases[] = {
    {PartKind::kUNet, "checkpoints/mini_sd15.spec.json", "model.diffusion_model."},
    {PartKind::kVae, "checkpoints/mini_sd15.spec.json", "first_stage_model."},
    {PartKind::kClipL, "checkpoints/mini_sd15.spec.json", "cond_stage_model.transformer."},
    {PartKind::kUNet, "checkpoints/mini_sdxl.spec.json", "model.diffusion_model."},
};

TEST(RequiredNames, AreExactlyThoseOfACompleteNetwork) {
  for (const Case& c : kCases) {
    const NamesAndShapes whole = shapes_of_part(c.spec, c.prefix);
    const MissingNames missing = missing_names(c.kind, whole);
    EXPECT_EQ(missing.names, std::vector<std::string>()) << c.prefix;
    EXPECT_EQ(missing.needed, whole.size()) << c.prefix;
  }
}

TEST(RequiredNames, AnySingleMissingTensorIsNoticed) {
  for (const Case& c : kCases) {
    const NamesAndShapes whole = shapes_of_part(c.spec, c.prefix);
    for (const auto& [name, shape] : whole) {
      NamesAndShapes cut = whole;
      cut.erase(name);
      const auto missing = missing_names(c.kind, cut).names;
      EXPECT_NE(std::find(missing.begin(), missing.end(), name), missing.end()) << name;
    }
  }
}

TEST(RequiredNames, LevelsDepthAndShortcutsFollowTheTensors) {
  for (const char* name : {"sd21_full", "sdxl_full", "mini_sdxl_refiner"}) {
    const std::string spec = std::string("checkpoints/") + name + ".spec.json";
    const NamesAndShapes unet = shapes_of_part(spec, "model.diffusion_model.");
    EXPECT_TRUE(missing_names(PartKind::kUNet, unet).names.empty()) << name;
  }
}

}  // namespace
}  // namespace heddle::weights
