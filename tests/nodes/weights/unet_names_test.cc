#include "nodes/weights/unet_names.h"

#include <gtest/gtest.h>

#include <set>

#include "nodes/weights/lora_names.h"
#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

NamesAndShapes unet_of(const std::string& golden_spec) {
  NamesAndShapes unet;
  for (const auto& t :
       test::only(test::spec_tensors(golden_spec), "model.diffusion_model.")) {
    unet.emplace(t.name, t.shape);
  }
  return unet;
}

TEST(UNetNames, EveryWeightOfEveryFamilyHasItsOwnDiffusersName) {
  for (const char* name : {"sd15_full", "sd21_full", "sdxl_full", "mini_sdxl_refiner"}) {
    const NamesAndShapes unet = unet_of(std::string("checkpoints/") + name + ".spec.json");
    const auto names = diffusers_names(unet);
    std::set<std::string> distinct;
    for (const auto& [original, renamed] : names) distinct.insert(renamed);
    EXPECT_EQ(distinct.size(), names.size()) << name;
    for (const auto& [original, shape] : unet) {
      const bool renamed = names.contains(original) || original.starts_with("label_emb.");
      EXPECT_TRUE(renamed) << name << " " << original;
    }
  }
}

TEST(UNetNames, FollowTheTableOfStableDiffusion1) {
  const auto names = diffusers_names(unet_of("checkpoints/sd15_full.spec.json"));
  EXPECT_EQ(names.at("input_blocks.0.0.weight"), "conv_in.weight");
  EXPECT_EQ(names.at("time_embed.2.bias"), "time_embedding.linear_2.bias");
  EXPECT_EQ(names.at("input_blocks.4.0.in_layers.2.weight"),
            "down_blocks.1.resnets.0.conv1.weight");
  EXPECT_EQ(names.at("input_blocks.4.0.skip_connection.weight"),
            "down_blocks.1.resnets.0.conv_shortcut.weight");
  EXPECT_EQ(names.at("input_blocks.6.0.op.weight"), "down_blocks.1.downsamplers.0.conv.weight");
  EXPECT_EQ(names.at("input_blocks.8.1.transformer_blocks.0.attn2.to_out.0.bias"),
            "down_blocks.2.attentions.1.transformer_blocks.0.attn2.to_out.0.bias");
  EXPECT_EQ(names.at("middle_block.0.emb_layers.1.weight"),
            "mid_block.resnets.0.time_emb_proj.weight");
  EXPECT_EQ(names.at("middle_block.1.proj_in.weight"), "mid_block.attentions.0.proj_in.weight");
  EXPECT_EQ(names.at("middle_block.2.out_layers.3.weight"), "mid_block.resnets.1.conv2.weight");
  EXPECT_EQ(names.at("output_blocks.2.1.conv.weight"), "up_blocks.0.upsamplers.0.conv.weight");
  EXPECT_EQ(names.at("output_blocks.5.2.conv.weight"), "up_blocks.1.upsamplers.0.conv.weight");
  EXPECT_EQ(names.at("output_blocks.11.1.norm.weight"), "up_blocks.3.attentions.2.norm.weight");
  EXPECT_EQ(names.at("out.0.weight"), "conv_norm_out.weight");
  EXPECT_EQ(names.at("out.2.weight"), "conv_out.weight");
}

TEST(UNetNames, HostileNamesAreNotNumbers) {
  EXPECT_FALSE(split_block_name("input_blocks.99999999999999999999.0.x", "input_blocks."));
  EXPECT_FALSE(split_block_name("input_blocks.100.0.x", "input_blocks."));
  EXPECT_FALSE(split_block_name("input_blocks.-1.0.x", "input_blocks."));
  EXPECT_FALSE(split_block_name("input_blocks.1", "input_blocks."));
  EXPECT_FALSE(split_block_name("input_blocks.1.0", "input_blocks."));
  EXPECT_TRUE(split_block_name("input_blocks.1.0.", "input_blocks."));
}

TEST(LoraNames, NoTwoWeightsShareAName) {
  const NamesAndShapes unet = unet_of("checkpoints/sd15_full.spec.json");
  std::set<std::string> reached;
  for (const auto& [stem, target] : lora_targets({{PartKind::kUNet, unet}}))
    reached.insert(target.weight);
  EXPECT_EQ(reached.size(), unet.size());
}

TEST(LoraNames, EveryProgramsNamesAreKnown) {
  const std::string query = "input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight";
  const std::string out = "input_blocks.1.1.transformer_blocks.0.attn1.to_out.0.weight";
  const std::string text = "text_model.encoder.layers.1.mlp.fc1.weight";
  const auto targets = lora_targets({{PartKind::kUNet, unet_of("checkpoints/mini_sd15.spec.json")},
                                     {PartKind::kClipL, {{text, {512, 128}}}}});
  const std::string block = "down_blocks_0_attentions_0_transformer_blocks_0_";
  EXPECT_EQ(targets.at("lora_unet_" + block + "attn1_to_q").weight, query);
  EXPECT_EQ(targets.at("lycoris_" + block + "attn1_to_out_0").weight, out);
  EXPECT_EQ(targets.at("lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q").weight, query);
  EXPECT_EQ(targets.at("diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q").weight,
            query);
  const std::string dotted = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.";
  EXPECT_EQ(targets.at(dotted + "to_q").weight, query);
  EXPECT_EQ(targets.at("unet." + dotted + "to_out").weight, out);
  EXPECT_EQ(targets.at("lora_te_text_model_encoder_layers_1_mlp_fc1").weight, text);
  EXPECT_EQ(targets.at("lora_te1_text_model_encoder_layers_1_mlp_fc1").weight, text);
  EXPECT_EQ(targets.at("text_encoder.text_model.encoder.layers.1.mlp.fc1").weight, text);
  EXPECT_EQ(
      targets.at("text_encoders.clip_l.transformer.text_model.encoder.layers.1.mlp.fc1").weight,
      text);
  EXPECT_EQ(targets.at("lora_te_text_model_encoder_layers_1_mlp_fc1").part, PartKind::kClipL);
}

}  // namespace
}  // namespace heddle::weights
