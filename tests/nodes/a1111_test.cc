// CLIPTextEncodeA1111 through the pocket checkpoint.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/a1111_tags.h"
#include "nodes/diffusion/a1111_encode.h"
#include "nodes/diffusion/model_sampling.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using diffusion::Conditioning;
using ::testing::HasSubstr;
using test::max_difference;
using test::NodeWorkshop;
using ::testing::ThrowsMessage;

// Step 2 encodes; step 1 is the checkpoint.
Graph encoding(const std::string& node, const std::string& text, Json more = Json::object()) {
  Json inputs{{"text", text}, {"clip", Json::array({"1", 1})}};
  inputs.update(more);
  const Json graph{{"1", {{"class_type", "CheckpointLoader"}, {"inputs", {{"ckpt_name", "pocket.safetensors"}}}}},
                   {"2", {{"class_type", node}, {"inputs", inputs}}}};
  return test::graph_of(graph.dump());
}

struct A1111Node : ::testing::Test {
  Conditioning encode(const std::string& text, Json more = Json::object()) {
    return w.value<Conditioning>(encoding("CLIPTextEncodeA1111", text, std::move(more)), "2", 0);
  }
  at::Tensor plain(const std::string& text) {
    return w.value<Conditioning>(encoding("CLIPTextEncode", text), "2", 0).at(0).cross_attention;
  }
  NodeWorkshop w;
};

Json linked_model() { return {{"model", Json::array({"1", 0})}}; }

TEST_F(A1111Node, EqualsComfyUIWhereNothingIsWeighted) {
  for (const char* text : {"", "a red house on a meadow", "caf\xC3\xA9 it's 12:30, \xF0\x9F\x98\x80"}) {
    const Conditioning encoded = encode(text);
    ASSERT_EQ(encoded.size(), 1u);
    EXPECT_TRUE(at::equal(encoded[0].cross_attention, plain(text))) << text;
    EXPECT_TRUE(encoded[0].steps.empty());
    EXPECT_FALSE(encoded[0].composes);
  }
}

TEST_F(A1111Node, WeightsMultiplyTheStatesAndRestoreTheMean) {
  const at::Tensor z = plain("a red house");
  at::Tensor weights = at::ones({77});
  weights[2] = 1.5f;  // start, a, red
  const at::Tensor weighted = z * weights.unsqueeze(-1);
  const at::Tensor expected = weighted * (z.mean() / weighted.mean());
  EXPECT_LE(max_difference(encode("a (red:1.5) house")[0].cross_attention, expected), 1e-6);
  EXPECT_GT(max_difference(plain("a (red:1.5) house"), expected), 1e-3) << "ComfyUI's weights mean something else";
}

TEST_F(A1111Node, NestedWeightsMultiplyAndSquareBracketsWeaken) {
  const auto same = [&](const char* a, const char* b) {
    return max_difference(encode(a)[0].cross_attention, encode(b)[0].cross_attention);
  };
  EXPECT_LE(same("((red:1.5):2) house", "(red:3) house"), 1e-5);
  EXPECT_LE(same("[red] house", "(red:0.90909091) house"), 1e-5);
  EXPECT_LE(same("((red)) house", "(red:1.21) house"), 1e-5);
}

TEST_F(A1111Node, BreakEncodesChunksApart) {
  const at::Tensor states = encode("a red house BREAK by day")[0].cross_attention;
  ASSERT_EQ(states.size(1), 154);
  EXPECT_LE(max_difference(states.narrow(1, 0, 77), plain("a red house")), 1e-6);
  EXPECT_LE(max_difference(states.narrow(1, 77, 77), plain("by day")), 1e-6);
}

TEST_F(A1111Node, JoinsTheEncodersOfSdxl) {
  w.add_model("checkpoints", "mini_sdxl.safetensors", "checkpoints/mini_sdxl.spec.json");
  const auto on_sdxl = [&](const char* node) {
    Graph graph = encoding(node, "a red house");
    test::input_of(graph, "1.ckpt_name").literal = "mini_sdxl.safetensors";
    return graph;
  };
  const Graph encodes = on_sdxl("CLIPTextEncodeA1111");
  const auto clip = w.value<Clip>(encodes, "1", 1);
  ASSERT_EQ(clip.encoders.size(), 2u);
  const int first = clip.encoders[0].network->get({})->width(), second = clip.encoders[1].network->get({})->width();
  const diffusion::ConditioningEntry entry = w.value<Conditioning>(encodes, "2", 0).at(0);
  EXPECT_EQ(entry.cross_attention.size(2), first + second);
  const at::Tensor alone = w.value<Conditioning>(on_sdxl("CLIPTextEncode"), "2", 0).at(0).cross_attention;
  EXPECT_TRUE(at::equal(entry.cross_attention.narrow(2, 0, first), alone.narrow(2, 0, first)));
  const auto of_second =
      clip.encoders[1].network->get({})->encode(diffusion::tokenize_prompt("a red house", 0, {}), std::nullopt);
  EXPECT_TRUE(at::equal(entry.pooled, of_second.pooled));
  EXPECT_TRUE(at::equal(entry.cross_attention.narrow(2, first, second), of_second.hidden));
}

TEST_F(A1111Node, PromptEditingIsAnEntryForEachText) {
  const Conditioning encoded = encode("a [red:blue:0.5] house", {{"steps", 4}});
  ASSERT_EQ(encoded.size(), 2u);
  EXPECT_TRUE(at::equal(encoded[0].cross_attention, plain("a red house")));
  EXPECT_TRUE(at::equal(encoded[1].cross_attention, plain("a blue house")));
  EXPECT_EQ(encoded[0].steps, (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(encoded[1].steps, (std::vector<bool>{false, false, true, true}));
}

TEST_F(A1111Node, AndKeepsThePromptsApartWithTheirWeights) {
  const Conditioning encoded = encode("a red house AND a [blue|green] house :0.4", {{"steps", 2}});
  ASSERT_EQ(encoded.size(), 3u);
  EXPECT_EQ(encoded[0].composes, 1);
  EXPECT_EQ(encoded[1].composes, 0.4);
  EXPECT_TRUE(at::equal(encoded[2].cross_attention, plain("a green house")));
  EXPECT_EQ(encoded[2].steps, (std::vector<bool>{false, true}));
}

TEST_F(A1111Node, ANegativePromptHasNoAndAndNoTags) {
  const Conditioning encoded = encode("blurry AND dark:1.5 <lora:ink:1>", {{"negative", true}});
  ASSERT_EQ(encoded.size(), 1u);
  EXPECT_FALSE(encoded[0].composes);
  EXPECT_THAT(w.warnings, HasSubstr("<lora:ink:1> does nothing in a negative prompt"));
  EXPECT_TRUE(at::equal(encoded[0].cross_attention, plain("blurry and dark:1.5 <lora:ink:1>")));
}

TEST_F(A1111Node, SurvivesTheDiskCache) {
  const test::TemporaryFolder cache;
  const Graph graph = encoding("CLIPTextEncodeA1111", "a [red|blue] house AND day:0.5", {{"steps", 2}});
  const Conditioning made = NodeWorkshop(cache.path()).value<Conditioning>(graph, "2", 0);
  NodeWorkshop again(cache.path());
  const Conditioning read = again.value<Conditioning>(graph, "2", 0);
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[1].steps, made[1].steps);
  EXPECT_EQ(read[2].composes, 0.5);
}

TEST_F(A1111Node, LorasOfTheTextAreThoseOfAChain) {
  const std::string text = "<lora:ink:0.4:0.8>ink style, a red house";
  const Graph tagged = encoding("CLIPTextEncodeA1111", text, linked_model());
  const Graph chained = test::graph_of(R"({
    "1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
    "3": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "clip": ["1", 1], "lora_name": "ink.safetensors",
          "strength_model": 0.8, "strength_clip": 0.4}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["3", 1], "text": "ink style, a red house"}}})");
  const at::Tensor expected = w.value<Conditioning>(chained, "2", 0).at(0).cross_attention;
  EXPECT_TRUE(at::equal(w.value<Conditioning>(tagged, "2", 0).at(0).cross_attention, expected));
  const auto patched = w.value<Model>(tagged, "2", 1).weights.patches;
  ASSERT_TRUE(patched);
  EXPECT_EQ(w.value<Model>(chained, "3", 0).weights.patches->size(), patched->size());
}

TEST_F(A1111Node, LorasWithoutAModelAreAnErrorInWords) {
  EXPECT_THAT([&] { encode("<lora:ink:1>"); },
              ThrowsMessage<std::exception>(HasSubstr("asks for the LoRA \"ink\": link the model to this step")));
}

TEST_F(A1111Node, SamplingWithAModelThatIsNotThereIsAnErrorInWords) {
  const Graph graph = test::graph_of(R"({
    "1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
    "2": {"class_type": "CLIPTextEncodeA1111", "inputs": {"clip": ["1", 1], "text": "a house"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "6": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["2", 1], "lora_name": "ink.safetensors", "strength_model": 1}},
    "3": {"class_type": "KSampler", "inputs": {"model": ["2", 1], "seed": 1, "steps": 1, "cfg": 1, "sampler_name": "euler",
          "scheduler": "normal", "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["5", 0], "denoise": 1}}})");
  for (const char* id : {"3", "6"}) {
    EXPECT_THAT([&] { w.value<Latent>(graph, id, 0); },
                ThrowsMessage<std::exception>(HasSubstr("was given none to pass on")));
  }
}

TEST_F(A1111Node, SaysWhatDoesNothing) {
  encode("<hypernet:none:1> embedding:cat <foo:1>");
  EXPECT_THAT(w.warnings, HasSubstr("there is no hypernetwork of that name"));
  EXPECT_THAT(w.warnings, HasSubstr("\"embedding:\" is read as a word"));
  EXPECT_THAT(w.warnings, HasSubstr("<foo:1> is taken out of the text"));
  encode("at 12:30");
  EXPECT_THAT(w.warnings, HasSubstr("is its weight, as with AND"));
}

// A graph of text to image with its prompts in AUTOMATIC1111's syntax.
Graph picture(const std::string& text, const std::string& scheduler = "karras", int steps = 4) {
  Json graph = Json::parse(R"({
    "1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
    "2": {"class_type": "CLIPTextEncodeA1111", "inputs": {"clip": ["1", 1], "steps": 4}},
    "4": {"class_type": "CLIPTextEncodeA1111", "inputs": {"clip": ["1", 1], "text": "blurry", "negative": true}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "3": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "seed": 7, "cfg": 3, "sampler_name": "euler",
          "positive": ["2", 0], "negative": ["4", 0], "latent_image": ["5", 0], "denoise": 1}}})");
  graph["2"]["inputs"]["text"] = text;
  graph["3"]["inputs"]["scheduler"] = scheduler;
  graph["3"]["inputs"]["steps"] = steps;
  return test::graph_of(graph.dump());
}

// The same with two samplers that take the steps up to `until` and the rest.
Graph two_samplers(const std::string& first, const std::string& second, int until) {
  Json graph = Json::parse(R"({
    "1": {"class_type": "CheckpointLoader", "inputs": {"ckpt_name": "pocket.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1]}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "blurry"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "7": {"class_type": "KSamplerAdvanced", "inputs": {"model": ["1", 0], "noise_seed": 7, "steps": 4, "cfg": 3,
          "sampler_name": "euler", "scheduler": "karras", "positive": ["2", 0], "negative": ["4", 0], "add_noise": "enable",
          "latent_image": ["5", 0], "start_at_step": 0, "return_with_leftover_noise": "enable"}},
    "3": {"class_type": "KSamplerAdvanced", "inputs": {"model": ["1", 0], "noise_seed": 7, "steps": 4, "cfg": 3,
          "sampler_name": "euler", "scheduler": "karras", "positive": ["6", 0], "negative": ["4", 0], "add_noise": "disable",
          "latent_image": ["7", 0], "end_at_step": 4, "return_with_leftover_noise": "disable"}}})");
  graph["2"]["inputs"]["text"] = first;
  graph["6"]["inputs"]["text"] = second;
  graph["7"]["inputs"]["end_at_step"] = until;
  graph["3"]["inputs"]["start_at_step"] = until;
  return test::graph_of(graph.dump());
}

TEST_F(A1111Node, EditedPromptsChangeAtTheStepOnAnySchedule) {
  const at::Tensor edited = w.value<Latent>(picture("a [red:blue:3] house"), "3", 0).samples;
  const at::Tensor apart = w.value<Latent>(two_samplers("a red house", "a blue house", 3), "3", 0).samples;
  EXPECT_LE(max_difference(edited, apart), 2e-4);
  const at::Tensor other = w.value<Latent>(two_samplers("a red house", "a blue house", 2), "3", 0).samples;
  EXPECT_GT(max_difference(edited, other), 1e-3);
}

TEST_F(A1111Node, TheNumberOfStepsMustAgreeWithTheSampler) {
  EXPECT_THAT([&] { w.value<Latent>(picture("[a|b]", "normal", 5), "3", 0); },
              ThrowsMessage<std::exception>(HasSubstr("encoded for 4 steps, but this sampler runs 5")));
}

TEST_F(A1111Node, ComposedPicturesAreSumsOfGuidance) {
  const auto sampled = [&](const std::string& text) {
    return w.value<Latent>(picture(text, "normal", 1), "3", 0).samples;
  };
  // One step, so the result is linear in what the model guesses.
  const at::Tensor red = sampled("a red house"), day = sampled("day");
  const at::Tensor away = sampled("blurry");
  const at::Tensor composed = sampled("a red house AND day:0.5");
  EXPECT_LE(max_difference(composed, away + (red - away) + (day - away) * 0.5), 2e-4);
}

TEST(A1111Tags, NameTheTextEncodersWeightFirst) {
  const A1111Tags tagged = split_a1111_tags("a <lora:x:0.5> b<lora:y:0.5:0.8>, <lyco:z> <lora:w:unet=1:te=0.25>");
  EXPECT_EQ(tagged.text, "a  b,  ");
  ASSERT_EQ(tagged.tags.size(), 4u);
  const auto strengths = [&](size_t i) {
    const LoraTag lora = lora_of(tagged.tags[i]);
    return std::pair{lora.strength_clip, lora.strength_model};
  };
  EXPECT_EQ(strengths(0), std::pair(0.5, 0.5));
  EXPECT_EQ(strengths(1), std::pair(0.5, 0.8));
  EXPECT_EQ(strengths(2), std::pair(1.0, 1.0));
  EXPECT_EQ(strengths(3), std::pair(0.25, 1.0));
}

TEST(A1111Tags, WhatIsNoTagStays) {
  for (const char* text : {"a < b > c", "<lora:open", "<:x>", "<lora>", "<lora:>", "<a b:c>"}) {
    EXPECT_EQ(split_a1111_tags(text).text, text);
  }
}

TEST(A1111Tags, ArgumentsThatMeanSomethingElseAreErrors) {
  for (const char* text :
       {"<lora:x:strong>", "<lora:x:1:1:8>", "<lora:x:1:lbw=1,0,1>", "<lora:x:te=inf>", "<lora::1>"}) {
    EXPECT_THROW(lora_of(split_a1111_tags(text).tags.at(0)), std::invalid_argument) << text;
  }
}

TEST(A1111Tags, AreReadInLinearTime) {
  std::string text;
  for (int i = 0; i < 250000; ++i) text += "<a:<";
  EXPECT_EQ(split_a1111_tags(text).text, text);
}

}  // namespace
}  // namespace heddle
