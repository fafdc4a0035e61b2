// LoRAs out of differences.
#include "nodes/weights/lora_extract.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>

#include "nodes/weights/checkpoint.h"
#include "nodes/weights/lora.h"
#include "nodes/weights/model_merge.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using heddle::test::MapWeights;
using test::error_of;
using test::TestFolder;

double length(const at::Tensor& tensor) { return tensor.to(at::kDouble).norm().item<double>(); }

at::Tensor random(std::vector<int64_t> shape, uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return at::randn(shape, generator);
}

// Matrices of known singular values: 4, 2, 1, 1/2, 1/4.
at::Tensor with_known_values(int64_t rows, int64_t columns) {
  const at::Tensor u = std::get<0>(at::linalg_qr(random({rows, 5}, 1)));
  const at::Tensor v = std::get<0>(at::linalg_qr(random({columns, 5}, 2)));
  return at::mm(u * at::tensor({4.f, 2.f, 1.f, 0.5f, 0.25f}), v.t());
}

TEST(NearestProduct, ErrsByTheSingularValuesLeftOut) {
  for (const auto& [rows, columns] : {std::pair{20, 50}, std::pair{50, 20}}) {
    const at::Tensor matrix = with_known_values(rows, columns);
    const double tails[] = {std::sqrt(5.3125), std::sqrt(1.3125), std::sqrt(0.3125), 0.25, 0};
    for (int64_t rank = 1; rank <= 5; ++rank) {
      const Factors factors = nearest_product(matrix, rank);
      EXPECT_EQ(factors.up.size(1), rank);
      EXPECT_NEAR(length(matrix - at::mm(factors.up, factors.down)), tails[rank - 1], 5e-6);
    }
  }
}

TEST(NearestProduct, HasNoMoreRankThanTheMatrix) {
  EXPECT_EQ(nearest_product(with_known_values(20, 50), 12).up.size(1), 5);
  EXPECT_EQ(nearest_product(at::zeros({4, 6}), 2).up.size(1), 0);
}

TEST(ExtractedLora, NamesAndShapesAreThoseOfALora) {
  const auto difference = std::make_shared<const MapWeights>(
      heddle::test::Tensors{{"conv.weight", random({6, 5, 3, 3}, 3)},
                               {"conv.bias", random({6}, 4)},
                               {"norm.weight", random({6}, 5)},
                               {"same.weight", at::zeros({4, 4})}},
      "");
  const auto none = [](int, int) {};
  std::vector<std::string> keys;
  for (const auto& [key, tensor] : extracted_lora(difference, "p.", {.rank = 2}, none)) {
    keys.push_back(key + shape_text(tensor.shape));
    EXPECT_EQ(tensor.type, at::kHalf);
  }
  EXPECT_THAT(keys, UnorderedElementsAre("p.conv.lora_up.weight[6, 2, 1, 1]", "p.conv.lora_down.weight[2, 5, 3, 3]",
                                         "p.conv.diff_b[6]", "p.norm.diff[6]"));
  EXPECT_EQ(extracted_lora(difference, "", {.rank = 2, .biases = false}, none).size(), 2u);
  const TensorsToWrite whole = extracted_lora(difference, "", {.whole = true}, none);
  EXPECT_EQ(whole.size(), 4u);
  EXPECT_TRUE(at::equal(whole.at("conv.diff").read(), difference->get("conv.weight").to(at::kHalf)));
}

TEST(ExtractedLora, ADifferenceThatIsNotFiniteIsAnError) {
  const auto difference = std::make_shared<const MapWeights>(
      heddle::test::Tensors{{"a.weight", at::full({2, 2}, NAN)}}, "");
  EXPECT_THAT(error_of([&] { extracted_lora(difference, "", {}, [](int, int) {}); }),
              HasSubstr("\"a.weight\" is not finite"));
}

// A model with a LoRA, minus the model, is the LoRA.
TEST(ExtractedLora, OfAModelWithALoraGivesTheLoraBack) {
  TestFolder folder;
  const Checkpoint c = open_checkpoint(
      test::write_golden(folder / "model.safetensors", "checkpoints/mini_sd15.spec.json"));
  const PartShapes shapes{{PartKind::kUNet, shapes_of(*c.file, *c.unet)}};
  const auto path = test::write_golden(folder / "lora.safetensors", "lora/files/sd15_locon.spec.json");
  const auto lora = with_patches(nullptr, match_lora(*TensorFile::open(path), shapes).patches.at(PartKind::kUNet), 1);
  const Merge difference = merge_parts({c.file, *c.unet, lora}, {c.file, *c.unet, nullptr},
                                       [](const std::string&) { return Mix{1, -1}; });
  const auto extracted = extracted_lora(PartToSave{c.file, *c.unet, difference.patches}.weights(),
                                        "diffusion_model.", {.rank = 16}, [](int, int) {});
  std::ofstream out(folder / "extracted.safetensors", std::ios::binary);
  write_safetensors(extracted, {}, [&](std::string_view bytes) { out << bytes; });
  out.close();

  const LoraMatch again = match_lora(*TensorFile::open(folder / "extracted.safetensors"), shapes);
  EXPECT_EQ(again.matched, again.total);
  EXPECT_EQ(again.patches.at(PartKind::kUNet).size(), lora->size());
  for (const auto& [name, patches] : *lora) {
    const at::Tensor zero = at::zeros(shapes.at(PartKind::kUNet).at(name));
    const at::Tensor change = apply_patches(zero, patches);
    const at::Tensor found = apply_patches(zero, again.patches.at(PartKind::kUNet).at(name));
    EXPECT_LT(length(found - change), 1e-3 * length(change)) << name;
  }
}

}  // namespace
}  // namespace heddle::weights
