// The same network under the names of several programs.
#include "nodes/weights/namings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/required_names.h"
#include "nodes/weights/unet_names.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

NamesAndShapes part_of(const std::string& model, const std::string& prefix) {
  NamesAndShapes shapes;
  for (const auto& t : test::only(
           test::spec_tensors("checkpoints/" + model + ".spec.json"), prefix)) {
    shapes.emplace(t.name, t.shape);
  }
  return shapes;
}

// What a network sees of a file with these tensors.
NamesAndShapes seen(const Naming& naming, const NamesAndShapes& file) {
  NamesAndShapes shapes;
  for (const auto& [name, source] : naming.sources) {
    shapes.emplace(name, source.shape(file.at(source.key)));
  }
  return shapes;
}

void expect_spelling(const Naming& naming) {
  for (const auto& [name, source] : naming.sources) EXPECT_EQ(naming.spell(name), source.key);
}

TEST(OpenClipNames, AreThoseOfHuggingFaceInOtherWords) {
  NamesAndShapes file = part_of("mini_sdxl", "conditioner.embedders.1.model.");
  file["text_projection"] = {192, 160};
  const Naming naming = open_clip_names(file);
  const NamesAndShapes network = seen(naming, file);
  const MissingNames missing = missing_names(PartKind::kClipG, network);
  EXPECT_EQ(missing.names, std::vector<std::string>());
  EXPECT_EQ(missing.needed, network.size()) << "logit_scale is no weight of the network";
  expect_spelling(naming);
  const std::string layer = "text_model.encoder.layers.3.";
  EXPECT_EQ(network.at(layer + "self_attn.k_proj.weight"), (std::vector<int64_t>{192, 192}));
  EXPECT_EQ(network.at(layer + "self_attn.v_proj.bias"), (std::vector<int64_t>{192}));
  EXPECT_EQ(naming.sources.at(layer + "self_attn.v_proj.bias").third, 2);
  EXPECT_EQ(network.at("text_projection.weight"), (std::vector<int64_t>{160, 192}));
  EXPECT_EQ(naming.sources.at("text_model.embeddings.position_embedding.weight").key,
            "positional_embedding");
}

TEST(DiffusersUNetNames, GiveEveryFamilysNetworkBack) {
  for (const char* model : {"sd15_full", "sd21_full", "sdxl_full", "mini_sdxl_refiner"}) {
    SCOPED_TRACE(model);
    const NamesAndShapes network = part_of(model, "model.diffusion_model.");
    NamesAndShapes file;
    for (const auto& [name, renamed] : diffusers_names(network)) {
      file.emplace(renamed, network.at(name));
    }
    const Naming naming = diffusers_unet_names(file);
    EXPECT_EQ(seen(naming, file), network);
    expect_spelling(naming);
  }
}

TEST(DiffusersUNetNames, AllowForFewerBlocks) {
  const NamesAndShapes file = {{"down_blocks.0.resnets.0.conv1.weight", {}},
                               {"down_blocks.0.downsamplers.0.conv.weight", {}},
                               {"down_blocks.1.attentions.0.proj_in.weight", {}},
                               {"up_blocks.0.attentions.1.proj_in.weight", {}},
                               {"up_blocks.0.upsamplers.0.conv.bias", {}},
                               {"up_blocks.1.upsamplers.0.conv.bias", {}},
                               {"class_embedding.linear_2.bias", {}},
                               {"down_blocks.0.motion_modules.0.x", {}},
                               {"mid_block.resnets.7.conv1.weight", {}}};
  const Sources sources = diffusers_unet_names(file).sources;
  EXPECT_EQ(sources.at("input_blocks.1.0.in_layers.2.weight").key,
            "down_blocks.0.resnets.0.conv1.weight");
  EXPECT_TRUE(sources.contains("input_blocks.2.0.op.weight"));
  EXPECT_TRUE(sources.contains("input_blocks.3.1.proj_in.weight"));
  EXPECT_TRUE(sources.contains("output_blocks.1.1.proj_in.weight"));
  EXPECT_TRUE(sources.contains("output_blocks.1.2.conv.bias"));
  EXPECT_TRUE(sources.contains("output_blocks.3.1.conv.bias"));
  EXPECT_TRUE(sources.contains("label_emb.0.2.bias"));
  EXPECT_EQ(sources.size(), 7u);
}

NamesAndShapes diffusers_vae(const NamesAndShapes& network) {
  // An empty file of four levels is enough to know how the rest would be spelled.
  const Naming naming = diffusers_vae_names({{"decoder.up_blocks.3.resnets.0.norm1.bias", {}}});
  NamesAndShapes file;
  for (const auto& [name, shape] : network) {
    const bool projects = name.find("attn_1.") != std::string::npos && shape.size() == 4;
    file.emplace(naming.spell(name), projects ? std::vector{shape[0], shape[1]} : shape);
  }
  return file;
}

TEST(DiffusersVaeNames, GiveTheNetworkBack) {
  const NamesAndShapes network = part_of("sd15_full", "first_stage_model.");
  const NamesAndShapes file = diffusers_vae(network);
  for (const char* name :
       {"encoder.down_blocks.1.resnets.0.conv_shortcut.weight", "decoder.conv_norm_out.bias",
        "encoder.down_blocks.2.downsamplers.0.conv.weight", "quant_conv.weight",
        "decoder.up_blocks.0.upsamplers.0.conv.bias", "encoder.mid_block.resnets.1.norm2.weight",
        "decoder.mid_block.attentions.0.group_norm.weight", "encoder.conv_in.weight",
        "decoder.mid_block.attentions.0.to_out.0.weight"}) {
    EXPECT_TRUE(file.contains(name)) << name;
  }
  const Naming naming = diffusers_vae_names(file);
  EXPECT_EQ(seen(naming, file), network);
  EXPECT_EQ(naming.sources.at("decoder.up.3.block.2.conv1.weight").key,
            "decoder.up_blocks.0.resnets.2.conv1.weight");
  expect_spelling(naming);
}

TEST(DiffusersVaeNames, OfTheFirstReleasesAreKnown) {
  const std::string attention = "decoder.mid_block.attentions.0.";
  const Sources sources = diffusers_vae_names({{"decoder.up_blocks.3.x", {}},
                                               {attention + "query.weight", {8, 8}},
                                               {attention + "key.bias", {8}},
                                               {attention + "value.weight", {8, 8}},
                                               {attention + "proj_attn.weight", {8, 8}}})
                              .sources;
  EXPECT_EQ(sources.at("decoder.mid.attn_1.q.weight").key, attention + "query.weight");
  EXPECT_TRUE(sources.at("decoder.mid.attn_1.q.weight").pointwise);
  EXPECT_EQ(sources.at("decoder.mid.attn_1.k.bias").key, attention + "key.bias");
  EXPECT_TRUE(sources.contains("decoder.mid.attn_1.v.weight"));
  EXPECT_TRUE(sources.contains("decoder.mid.attn_1.proj_out.weight"));
}

std::vector<PartKind> kinds_of(const test::HollowTensors& tensors) {
  const test::TestFolder folder;
  const auto file =
      TensorFile::open(test::write_hollow(folder / "a.safetensors", tensors));
  std::vector<PartKind> kinds;
  for (const Part& text : find_text_encoders(file->tensors())) kinds.push_back(text.kind);
  return kinds;
}

TEST(TextEncoders, AloneAreToldByTheirSize) {
  const auto of_full = [](const char* model, const char* prefix) {
    const std::string spec = std::string("checkpoints/") + model + ".spec.json";
    return kinds_of(test::only(test::spec_tensors(spec), prefix));
  };
  EXPECT_THAT(of_full("sd15_full", "cond_stage_model.transformer."),
              ::testing::ElementsAre(PartKind::kClipL));
  EXPECT_THAT(of_full("sd21_full", "cond_stage_model.model."),
              ::testing::ElementsAre(PartKind::kClipH));
  EXPECT_THAT(of_full("sdxl_full", "conditioner.embedders.0.transformer."),
              ::testing::ElementsAre(PartKind::kClipL));
  EXPECT_THAT(of_full("sdxl_full", "conditioner.embedders.1.model."),
              ::testing::ElementsAre(PartKind::kClipG));
  EXPECT_THAT(of_full("sdxl_full", "conditioner.embedders.1."), ::testing::ElementsAre());
}

// An encoder in Hugging Face's names and of OpenCLIP-H's size, with so many layers.
Part text_of_h(int layers) {
  test::HollowTensors tensors = {
      {"text_model.embeddings.token_embedding.weight", "F16", {49408, 1024}}};
  for (int i = 0; i < layers; ++i) {
    const std::string layer = "text_model.encoder.layers." + std::to_string(i) + ".";
    tensors.push_back({layer + "mlp.fc1.weight", "F16", {1, 1}});
  }
  const test::TestFolder folder;
  const auto file =
      TensorFile::open(test::write_hollow(folder / "a.safetensors", tensors));
  return find_text_encoders(file->tensors()).at(0);
}

TEST(TextEncoders, OfSd2MayComeWithoutTheirLastLayer) {
  EXPECT_EQ(text_of_h(23).kind, PartKind::kClipH);
  EXPECT_EQ(text_of_h(23).layers_left_out, 1);
  EXPECT_EQ(text_of_h(24).layers_left_out, 0);
}

}  // namespace
}  // namespace heddle::weights
