#include "nodes/diffusion/clip_text.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include <functional>

#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using heddle::test::golden_json;
using heddle::test::golden_tensors;
using heddle::test::make_tensors;
using heddle::test::MapWeights;
using heddle::test::max_difference;
using heddle::test::measured;
using heddle::test::Tensors;
using ::testing::AllOf;
using ::testing::HasSubstr;
using json = nlohmann::json;

/// Only the tensors of a spec whose names begin with `prefix`.
Tensors make_tensors_under(const std::string& spec_name, const std::string& prefix) {
  const json spec = golden_json("checkpoints/" + spec_name);
  json part{{"__spec__", spec.at("__spec__")}};
  for (const auto& [key, tensor] : spec.items()) {
    if (key.starts_with(prefix)) part[key] = tensor;
  }
  return make_tensors(part);
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  if (const size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

std::string hugging_face_name(std::string name) {
  const std::pair<const char*, const char*> renames[] = {
      {"transformer.resblocks.", "text_model.encoder.layers."},
      {".ln_1.", ".layer_norm1."},
      {".ln_2.", ".layer_norm2."},
      {".attn.out_proj.", ".self_attn.out_proj."},
      {".mlp.c_fc.", ".mlp.fc1."},
      {".mlp.c_proj.", ".mlp.fc2."},
      {"ln_final.", "text_model.final_layer_norm."},
      {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
      {"token_embedding.weight", "text_model.embeddings.token_embedding.weight"}};
  for (const auto& [from, to] : renames) replace(name, from, to);
  return name;
}

/// An OpenCLIP encoder in Hugging Face names.
Tensors from_open_clip(const Tensors& tensors, const std::string& prefix) {
  Tensors renamed;
  for (const auto& [key, tensor] : tensors) {
    std::string name = key.substr(prefix.size());
    if (name == "text_projection") {
      renamed["text_projection.weight"] = tensor.t();
    } else if (const size_t at = name.find(".attn.in_proj_"); at != std::string::npos) {
      const std::string layer = hugging_face_name(name.substr(0, at)) + ".self_attn.";
      const std::string kind = name.ends_with("weight") ? ".weight" : ".bias";
      const std::vector<at::Tensor> parts = tensor.chunk(3);
      for (size_t i = 0; i < 3; ++i)
        renamed[layer + std::string(1, "qkv"[i]) + "_proj" + kind] = parts[i];
    } else if (name != "logit_scale") {
      renamed[hugging_face_name(name)] = tensor;
    }
  }
  return renamed;
}

ClipText hugging_face(const std::string& model, const std::string& prefix, ClipKind kind) {
  return {MapWeights(make_tensors_under(model + ".spec.json", prefix), prefix, /*half=*/true),
          std::move(kind)};
}

ClipText open_clip(const std::string& model, const std::string& prefix, ClipKind kind) {
  const Tensors tensors = make_tensors_under(model + ".spec.json", prefix);
  return {MapWeights(from_open_clip(tensors, prefix), "", /*half=*/true), std::move(kind)};
}

ClipKind sdxl_clip_l() {
  ClipKind kind = clip_l();
  kind.norm_hidden = false;
  kind.default_layer = -2;
  return kind;
}

ClipText sd15_clip() {
  return hugging_face("mini_sd15", "cond_stage_model.transformer.", clip_l());
}

/// A chunk out of a row of ids, all with weight 1.
TokenChunks chunk_of(const at::Tensor& ids) {
  TokenChunks tokens;
  tokens.chunks.emplace_back();
  for (int64_t i = 0; i < ids.numel(); ++i)
    tokens.chunks[0].push_back({.id = int(ids[i].item<int64_t>())});
  return tokens;
}

/// The golden outputs of one model, and what is allowed between them and ours.
struct Golden {
  explicit Golden(const std::string& model)
      : about(golden_json("networks/" + model + ".json")),
        tensors(golden_tensors("networks/" + model + ".safetensors")) {}

  void expect_near(const at::Tensor& ours, const std::string& name) const {
    const double tolerance = about.at("tolerance").at(name);
    const double difference = max_difference(ours, tensors.at(name));
    EXPECT_LE(measured("networks, text encoders", difference, tolerance), tolerance) << name;
    if (difference > largest_share * tolerance) largest_share = difference / tolerance;
  }

  json about;
  Tensors tensors;
  mutable double largest_share = 0;  // of the tolerance
};

/// Compares the encoder called `key` ("clip_l") of a model with its golden outputs. `norm_hidden`
/// and the layer are chosen here: the golden file has every layer and the final norm of the last
/// two.
void expect_network(const Golden& golden, const std::string& key, const ClipText& clip) {
  const at::Tensor ids = golden.tensors.at(key + ".ids");  // [2, 77]
  golden.expect_near(clip.all_layers(ids.narrow(0, 0, 1)), key + ".layers");
  std::vector<at::Tensor> last, penultimate, pooled;
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const TokenChunks chunk = chunk_of(ids[i]);
    last.push_back(clip.encode(chunk, -1).hidden);
    penultimate.push_back(clip.encode(chunk, -2).hidden);
    pooled.push_back(clip.encode(chunk, {}).pooled);
  }
  golden.expect_near(at::cat(last), key + ".last_norm");
  golden.expect_near(at::cat(penultimate), key + ".penultimate_norm");
  const bool is_projected = golden.about["tolerance"].contains(key + ".projected");
  golden.expect_near(at::cat(pooled), key + (is_projected ? ".projected" : ".pooled"));
}

/// For as long as it lives. Most tests are too small to gain from several threads, and a busy
/// machine makes those slow.
class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_;
};

using Encode = std::function<EncodedText(const std::string& text, std::optional<int> layer)>;

Encode encoder(const ClipText& clip) {
  return [&clip](const std::string& text, std::optional<int> layer) {
    return clip.encode(tokenize_prompt(text, clip.kind().pad, {}), layer);
  };
}

void expect_conditioning(const Golden& golden, const Encode& encode) {
  for (const auto& [name, example] : golden.about.at("conditioning").items()) {
    const json& layer = example["stop_at_clip_layer"];
    const EncodedText encoded =
        encode(example["text"], layer.is_null() ? std::nullopt : std::optional(layer.get<int>()));
    golden.expect_near(encoded.hidden, name);
    if (example.contains("pooled")) golden.expect_near(encoded.pooled, example["pooled"]);
  }
}

ClipKind normed(ClipKind kind) {
  kind.norm_hidden = true;
  return kind;
}

TEST(ClipText, EncoderLOfSd15GivesTheGoldenOutputs) {
  const Threads one(1);
  const ClipText clip = sd15_clip();
  const Golden golden("mini_sd15");
  expect_network(golden, "clip_l", clip);
  expect_conditioning(golden, encoder(clip));
  RecordProperty("share_of_tolerance", std::to_string(golden.largest_share));
}

// Its file is BF16, and weights are rounded to fp16 first.
TEST(ClipText, EncoderLOfTheInpaintingModelGivesTheGoldenOutputs) {
  const Threads one(1);
  const ClipText clip =
      hugging_face("mini_sd15_inpaint", "cond_stage_model.transformer.", clip_l());
  const Golden golden("mini_sd15_inpaint");
  expect_network(golden, "clip_l", clip);
  expect_conditioning(golden, encoder(clip));
  RecordProperty("share_of_tolerance", std::to_string(golden.largest_share));
}

TEST(ClipText, EncoderHOfSd2GivesTheGoldenOutputs) {
  const Threads one(1);
  for (const char* model : {"mini_sd21_eps", "mini_sd21_v"}) {
    SCOPED_TRACE(model);
    const ClipText clip = open_clip(model, "cond_stage_model.model.", clip_h());
    const Golden golden(model);
    expect_network(golden, "clip_h", clip);
    expect_conditioning(golden, encoder(clip));
    RecordProperty(std::string("share_of_tolerance_") + model,
                   std::to_string(golden.largest_share));
  }
}

TEST(ClipText, EncodersLAndGOfSdxlGiveTheGoldenOutputs) {
  const Threads one(1);
  const std::string l_prefix = "conditioner.embedders.0.transformer.",
                    g_prefix = "conditioner.embedders.1.model.";
  const Golden golden("mini_sdxl");
  expect_network(golden, "clip_l", hugging_face("mini_sdxl", l_prefix, normed(sdxl_clip_l())));
  expect_network(golden, "clip_g", open_clip("mini_sdxl", g_prefix, normed(clip_g())));

  const ClipText l = hugging_face("mini_sdxl", l_prefix, sdxl_clip_l());
  const ClipText g = open_clip("mini_sdxl", g_prefix, clip_g());
  expect_conditioning(golden, [&](const std::string& text, std::optional<int> layer) {
    const EncodedText of_l = encoder(l)(text, layer), of_g = encoder(g)(text, layer);
    return EncodedText{at::cat({of_l.hidden, of_g.hidden}, -1), of_g.pooled};
  });
  RecordProperty("share_of_tolerance", std::to_string(golden.largest_share));
}

TEST(ClipText, EncoderGOfTheRefinerGivesTheGoldenOutputs) {
  const Threads one(1);
  const std::string prefix = "conditioner.embedders.0.model.";
  const Golden golden("mini_sdxl_refiner");
  expect_network(golden, "clip_g", open_clip("mini_sdxl_refiner", prefix, normed(clip_g())));
  const ClipText clip = open_clip("mini_sdxl_refiner", prefix, clip_g());
  expect_conditioning(golden, encoder(clip));
  RecordProperty("share_of_tolerance", std::to_string(golden.largest_share));
}

/// Every value within 1e-6 of itself.
void expect_weighted(const at::Tensor& ours, const at::Tensor& expected, const json& id) {
  const at::Tensor relative = (ours - expected).abs() / expected.abs().clamp_min(0.1);
  EXPECT_LE(measured("text, weights (relative)", relative.max().item<double>(), 1e-6), 1e-6) << id;
}

TEST(ClipText, TokenWeightsGiveTheGoldenStates) {
  const Tensors tensors = golden_tensors("text/prompts.safetensors");
  const json examples = golden_json("text/prompts.json").at("weighting");
  for (const auto& example : examples) {
    const auto rows = example["weights"].get<std::vector<std::vector<double>>>();
    const int64_t chunks = int64_t(rows.size());
    std::vector<at::Tensor> weights;
    for (const auto& row : rows) weights.push_back(at::tensor(row, at::kDouble));
    const at::Tensor encoded = tensors.at(example["encoded"]);
    const at::Tensor expected = tensors.at(example["expected"]);
    const at::Tensor ours =
        apply_token_weights(encoded.narrow(0, 0, chunks), encoded[-1], at::stack(weights));
    expect_weighted(ours.reshape(expected.sizes()), expected, example["id"]);
  }
}

// SDXL: each encoder weighted apart, cut to the shorter one, joined along the channels.
TEST(ClipText, TokenWeightsOfTwoEncodersGiveTheGoldenStates) {
  const Tensors tensors = golden_tensors("text/prompts.safetensors");
  const json examples = golden_json("text/prompts.json").at("sdxl");
  const auto weighted = [&](const json& rows, const at::Tensor& encoded) {
    std::vector<at::Tensor> weights;
    for (const auto& row : rows)
      weights.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
    const at::Tensor z = encoded.narrow(0, 0, int64_t(rows.size()));
    return apply_token_weights(z, encoded[-1], at::stack(weights))
        .reshape({1, -1, encoded.size(-1)});
  };
  for (const auto& example : examples) {
    const at::Tensor l = weighted(example["weights_l"], tensors.at(example["encoded_l"]));
    const at::Tensor g = weighted(example["weights_g"], tensors.at(example["encoded_g"]));
    const int64_t shorter = std::min(l.size(1), g.size(1));
    const at::Tensor ours = at::cat({l.narrow(1, 0, shorter), g.narrow(1, 0, shorter)}, -1);
    expect_weighted(ours, tensors.at(example["expected"]), example["id"]);
  }
}

TEST(ClipText, AWeightOfOneLeavesAStateAsItIs) {
  const at::Tensor z = at::full({1, 2, 3}, 0.1f),
                   empty = at::full({2, 3}, 1e8f);  // (z - empty) + empty would be 0
  EXPECT_TRUE(at::equal(apply_token_weights(z, empty, at::ones({1, 2}, at::kDouble)), z));
}

TEST(ClipText, ALayerBeyondTheFirstMeansTheNetworksOwnOutput) {
  const Threads one(1);
  const ClipText clip =
      hugging_face("mini_sdxl", "conditioner.embedders.0.transformer.", sdxl_clip_l());
  ASSERT_EQ(clip.layers(), 3);
  const Golden golden("mini_sdxl");
  const at::Tensor ids = golden.tensors.at("clip_l.ids");
  const TokenChunks chunk = chunk_of(ids[0]);
  const at::Tensor normed_last = golden.tensors.at("clip_l.last_norm").narrow(0, 0, 1);
  EXPECT_LT(max_difference(clip.encode(chunk, -4).hidden, normed_last), 3e-5);
  EXPECT_GT(max_difference(clip.encode(chunk, -1).hidden, normed_last),
            0.01);  // the last layer has no norm here
  EXPECT_TRUE(at::equal(clip.encode(chunk, -3).hidden[0], clip.all_layers(ids)[0][0]));
  EXPECT_THROW(clip.encode(chunk, 0), std::invalid_argument);
}

TEST(ClipText, RowsOfAnEmbeddingStandForTokens) {
  const Threads one(1);
  const Tensors tensors =
      make_tensors_under("mini_sd15.spec.json", "cond_stage_model.transformer.");
  const at::Tensor table =
      tensors.at("cond_stage_model.transformer.text_model.embeddings.token_embedding.weight");
  const ClipText clip(MapWeights(tensors, "cond_stage_model.transformer.", true), clip_l());
  // "a photo of", by the rows that the tokens have anyway.
  const at::Tensor rows = at::stack({table[320], table[1125], table[539]}).to(at::kFloat);
  const FindEmbedding find = [&](const std::string& name) {
    return std::optional(Embedding{name, rows});
  };
  const EncodedText embedded =
      clip.encode(tokenize_prompt("embedding:x a (cat:1.3)", kEndToken, find), {});
  const EncodedText plain =
      clip.encode(tokenize_prompt("a photo of a (cat:1.3)", kEndToken, {}), {});
  EXPECT_TRUE(at::equal(embedded.hidden, plain.hidden));
  EXPECT_TRUE(at::equal(embedded.pooled, plain.pooled));
}

std::string error_in(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(ClipText, AnEmbeddingOfAnotherWidthIsAnErrorThatNamesIt) {
  const ClipText clip = sd15_clip();
  const FindEmbedding find = [](const std::string& name) {
    return std::optional(Embedding{name, at::zeros({1, 64})});
  };
  const TokenChunks tokens = tokenize_prompt("embedding:wide", kEndToken, find);
  EXPECT_THAT(error_in([&] { clip.encode(tokens, {}); }),
              AllOf(HasSubstr("\"wide\" is 64 wide"), HasSubstr("128")));
}

TEST(ClipText, TokensThatNoPromptGivesAreErrors) {
  const ClipText clip = sd15_clip();
  TokenChunks tokens;
  EXPECT_THAT(error_in([&] { clip.encode(tokens, {}); }), HasSubstr("no chunk"));
  tokens.chunks = {std::vector<Token>(77)};
  EXPECT_THAT(error_in([&] { clip.encode(tokens, {}); }), HasSubstr("no end token"));
  tokens.chunks = {std::vector<Token>(77, Token{kEndToken + 1})};
  EXPECT_THAT(error_in([&] { clip.encode(tokens, {}); }), HasSubstr("49408"));
  tokens.chunks = {std::vector<Token>(76)};
  EXPECT_THAT(error_in([&] { clip.encode(tokens, {}); }), HasSubstr("76 tokens; expected 77"));
}

constexpr const char* kPrefix = "cond_stage_model.transformer.";

/// The error of building SD 1.5's encoder after `change`.
std::string build_error(const std::function<void(Tensors&)>& change) {
  Tensors tensors = make_tensors_under("mini_sd15.spec.json", kPrefix);
  change(tensors);
  return error_in([&] { ClipText(MapWeights(tensors, kPrefix), clip_l()); });
}

TEST(ClipText, AMissingTensorIsAnErrorThatNamesIt) {
  const std::string layer = std::string(kPrefix) + "text_model.encoder.layers.2.";
  EXPECT_THAT(build_error([&](Tensors& t) { t.erase(layer + "self_attn.k_proj.bias"); }),
              HasSubstr("text_model.encoder.layers.2.self_attn.k_proj.bias is missing"));
  EXPECT_THAT(build_error([&](Tensors& t) {
                std::erase_if(t, [&](auto& x) { return x.first.starts_with(layer); });
              }),
              HasSubstr("text_model.encoder.layers.2."));
  EXPECT_THAT(build_error([&](Tensors& t) { t.clear(); }),
              HasSubstr("token_embedding.weight is missing"));
}

TEST(ClipText, AnOddShapeIsAnErrorThatTellsWhatWasExpected) {
  const std::string model = std::string(kPrefix) + "text_model.";
  EXPECT_THAT(build_error([&](Tensors& t) {
                t[model + "encoder.layers.1.mlp.fc2.weight"] = at::zeros({128, 5});
              }),
              AllOf(HasSubstr("layers.1.mlp.fc2.weight has shape [128, 5]"),
                    HasSubstr("expected [128, 512]")));
  EXPECT_THAT(build_error([&](Tensors& t) {
                t[model + "embeddings.token_embedding.weight"] = at::zeros({8, 100});
              }),
              AllOf(HasSubstr("100 wide"), HasSubstr("multiple of 64")));
  EXPECT_THAT(build_error([&](Tensors& t) { t[model + "encoder.layers.x.mlp"] = at::zeros({1}); }),
              HasSubstr("encoder.layers.x.mlp does not belong to a layer"));
}

TEST(ClipText, SizesFollowFromTheTensors) {
  const Tensors tensors = make_tensors_under("mini_sd15.spec.json", kPrefix);
  size_t bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    if (!name.ends_with("position_ids")) bytes += size_t(tensor.numel()) * sizeof(float);
  }
  const ClipText clip(MapWeights(tensors, kPrefix), clip_l());
  EXPECT_EQ(clip.width(), 128);
  EXPECT_EQ(clip.layers(), 4);
  EXPECT_EQ(clip.bytes(), bytes);
}

TEST(ClipText, AHeartbeatCanStopLoadingAndEncoding) {
  const Threads one(1);
  struct Stopped {};
  int left = 2;
  const Heartbeat stop = [&] {
    if (left-- == 0) throw Stopped();
  };
  const Tensors tensors = make_tensors_under("mini_sd15.spec.json", kPrefix);
  EXPECT_THROW(ClipText(MapWeights(tensors, kPrefix), clip_l(), stop), Stopped);

  const ClipText clip(MapWeights(tensors, kPrefix), clip_l());
  const TokenChunks tokens = tokenize_prompt("a (cat:1.2)", kEndToken, {});
  const at::Tensor before = clip.encode(tokens, {}).hidden;
  left = 6;  // in the empty prompt, behind the four layers of the first chunk
  EXPECT_THROW(clip.encode(tokens, {}, stop), Stopped);
  EXPECT_TRUE(at::equal(clip.encode(tokens, {}).hidden, before));
}

/// One layer of random weights, of a real encoder's width: what depends on threads shows with large
/// matrices.
ClipText random_clip(int64_t width, ClipKind kind) {
  at::manual_seed(7);
  Tensors tensors;
  const auto matrix = [&](const std::string& name, int64_t out, int64_t in) {
    tensors["text_model." + name + ".weight"] = at::randn({out, in}) / std::sqrt(double(in));
  };
  const auto linear = [&](const std::string& name, int64_t out, int64_t in) {
    matrix("encoder.layers.0." + name, out, in);
    tensors["text_model.encoder.layers.0." + name + ".bias"] = at::randn({out});
  };
  const auto norm = [&](const std::string& name) {
    tensors["text_model." + name + ".weight"] = at::randn({width});
    tensors["text_model." + name + ".bias"] = at::randn({width});
  };
  matrix("embeddings.token_embedding", 50, width);
  matrix("embeddings.position_embedding", 77, width);
  for (const char* name : {"q", "k", "v", "out"})
    linear(std::string("self_attn.") + name + "_proj", width, width);
  linear("mlp.fc1", 4 * width, width);
  linear("mlp.fc2", width, 4 * width);
  norm("encoder.layers.0.layer_norm1");
  norm("encoder.layers.0.layer_norm2");
  norm("final_layer_norm");
  return {MapWeights(tensors, ""), std::move(kind)};
}

TEST(ClipText, TheNumberOfThreadsAndThePlaceInTheBatchChangeNoBit) {
  for (const auto& [width, kind] : {std::pair(768, clip_l()), std::pair(1280, clip_g())}) {
    const ClipText clip = random_clip(width, kind);
    const at::Tensor ids = at::randint(0, 50, {2, 77}, at::kLong);
    at::Tensor alone;
    {
      const Threads one(1);
      alone = at::cat({clip.all_layers(ids.narrow(0, 0, 1)), clip.all_layers(ids.narrow(0, 1, 1))});
    }
    for (int count : {1, 2, 3, 5}) {
      const Threads threads(count);
      EXPECT_TRUE(at::equal(clip.all_layers(ids), alone))
          << width << " wide, " << count << " threads";
    }
  }
}

TEST(ClipText, AChunkIsTheSameInALongerPrompt) {
  const Threads one(1);
  const ClipText clip = sd15_clip();
  std::string text = "a (cat:1.2)";
  const EncodedText few = clip.encode(tokenize_prompt(text, kEndToken, {}), {});
  for (int i = 0; i < 100; ++i) text += " (dog:0.9)";
  const EncodedText many = clip.encode(tokenize_prompt(text, kEndToken, {}), {});
  ASSERT_EQ(many.hidden.size(1), 2 * 77);
  EXPECT_TRUE(at::equal(many.hidden.narrow(1, 0, 3),
                        few.hidden.narrow(1, 0, 3)));  // start, a, cat: no token looks ahead
}

}  // namespace
}  // namespace heddle::diffusion
