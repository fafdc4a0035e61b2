// The same weights out of every kind of file: what is computed with them must be the same bytes.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "nodes/weights/namings.h"
#include "nodes/weights/unet_names.h"
#include "engine/object_info.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::NodeWorkshop;
using test::Tensors;

Tensors checkpoint_tensors(const std::string& model) {
  return test::make_tensors(test::golden_json("checkpoints/" + model + ".spec.json"));
}

// Those under `prefix`, without it.
Tensors under(const Tensors& tensors, const std::string& prefix) {
  Tensors found;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), tensor);
  }
  return found;
}

weights::NamesAndShapes shapes_of(const Tensors& tensors) {
  weights::NamesAndShapes shapes;
  for (const auto& [name, tensor] : tensors) shapes.emplace(name, tensor.sizes().vec());
  return shapes;
}

Tensors in_diffusers_names(const Tensors& unet) {
  Tensors renamed;
  for (const auto& [name, other] : weights::diffusers_names(shapes_of(unet))) renamed.emplace(other, unet.at(name));
  return renamed;
}

// Attention in matrices, as diffusers has them.
Tensors vae_in_diffusers_names(const Tensors& vae) {
  const weights::Naming naming = weights::diffusers_vae_names({{"decoder.up_blocks.3.x", {}}});
  Tensors renamed;
  for (const auto& [name, tensor] : vae) {
    const bool attends = name.find("attn_1.") != std::string::npos && tensor.dim() == 4;
    renamed.emplace(naming.spell(name), attends ? tensor.flatten(1) : tensor);
  }
  return renamed;
}

struct LoadersTest : ::testing::Test {
  std::filesystem::path models(const std::string& kind) const { return w.folder / ("models/" + kind); }
  void write(const std::string& kind, const std::string& name, const Tensors& tensors) {
    const auto path = models(kind) / name;
    std::filesystem::create_directories(path.parent_path());
    write_file_atomically(path, weights::safetensors_bytes(tensors, {}));
    w.workshop.folders.models[kind].push_back(models(kind));
  }

  // What a model, a text encoder and a VAE make of one prompt.
  struct Results {
    at::Tensor conditioning, pooled, latent, image;
    bool operator==(const Results& other) const {
      return at::equal(conditioning, other.conditioning) && at::equal(pooled, other.pooled) &&
             at::equal(latent, other.latent) && at::equal(image, other.image);
    }
  };
  Results results(const std::string& loaders, const std::string& model, const std::string& clip, const std::string& vae) {
    const Graph graph = test::graph_of(
        "{" + loaders + R"(,
        "t": {"class_type": "CLIPTextEncode", "inputs": {"text": "a (red:1.2) house", "clip": )" + clip + R"(}},
        "e": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "s": {"class_type": "KSampler", "inputs": {"model": )" + model + R"(, "seed": 1, "steps": 1, "cfg": 1,
              "sampler_name": "euler", "scheduler": "normal", "positive": ["t", 0], "negative": ["t", 0],
              "latent_image": ["e", 0], "denoise": 1}},
        "d": {"class_type": "VAEDecode", "inputs": {"samples": ["s", 0], "vae": )" + vae + "}}}");
    const auto entry = w.value<diffusion::Conditioning>(graph, "t", 0).at(0);
    const at::Tensor latent = w.value<Latent>(graph, "s", 0).samples;
    return {entry.cross_attention, entry.pooled, latent, w.value<Image>(graph, "d", 0).pixels};
  }
  Results checkpoint_results(const std::string& model) {
    w.add_model("checkpoints", model + ".safetensors", "checkpoints/" + model + ".spec.json");
    return results(R"("c": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": ")" + model + R"(.safetensors"}})",
                   R"(["c", 0])", R"(["c", 1])", R"(["c", 2])");
  }
  // Of encoding a text by the CLIP at `slot` of a loader.
  std::string error(const std::string& loader, int slot) {
    const std::string graph = R"({"1": )" + loader + R"(, "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["1", )" +
                              std::to_string(slot) + "]}}}";
    try {
      w.value<diffusion::Conditioning>(test::graph_of(graph), "2", 0);
    } catch (const std::exception& failed) {
      return failed.what();
    }
    return "nothing failed";
  }

  NodeWorkshop w;
};

TEST_F(LoadersTest, SdxlInPiecesIsTheSameAsInOne) {
  const Tensors whole = checkpoint_tensors("mini_sdxl");
  write("text_encoders", "l.safetensors", under(whole, "conditioner.embedders.0.transformer."));
  write("text_encoders", "g.safetensors", under(whole, "conditioner.embedders.1.model."));
  write("diffusion_models", "unet.safetensors", in_diffusers_names(under(whole, "model.diffusion_model.")));
  write("vae", "vae.safetensors", vae_in_diffusers_names(under(whole, "first_stage_model.")));
  const Results expected = checkpoint_results("mini_sdxl");
  for (const auto& [first, second] : {std::pair{"l", "g"}, {"g", "l"}}) {
    const std::string loaders = R"("u": {"class_type": "UNETLoader", "inputs": {"unet_name": "unet.safetensors", "weight_dtype": "default"}},
        "c": {"class_type": "DualCLIPLoader", "inputs": {"type": "sdxl", "clip_name1": ")" + std::string(first) +
                                R"(.safetensors", "clip_name2": ")" + second + R"(.safetensors"}},
        "v": {"class_type": "VAELoader", "inputs": {"vae_name": "vae.safetensors"}})";
    EXPECT_TRUE(results(loaders, R"(["u", 0])", R"(["c", 0])", R"(["v", 0])") == expected) << first;
  }
}

TEST_F(LoadersTest, TwoEncodersOfOneKindAreNoPair) {
  write("text_encoders", "l.safetensors", under(checkpoint_tensors("mini_sdxl"), "conditioner.embedders.0.transformer."));
  EXPECT_THAT(error(R"({"class_type": "DualCLIPLoader", "inputs": {"type": "sdxl", "clip_name1": "l.safetensors",
                        "clip_name2": "l.safetensors"}})", 0),
              HasSubstr("are both a CLIP-L text encoder; SDXL takes a CLIP-L and an OpenCLIP-G"));
}

TEST_F(LoadersTest, ADiffusersFolderIsTheSameAsOneFile) {
  const Tensors whole = checkpoint_tensors("mini_sd15");
  write("diffusers", "a/sd/unet/diffusion_pytorch_model.safetensors",
        in_diffusers_names(under(whole, "model.diffusion_model.")));
  write("diffusers", "a/sd/vae/diffusion_pytorch_model.fp16.safetensors",
        vae_in_diffusers_names(under(whole, "first_stage_model.")));
  write("diffusers", "a/sd/text_encoder/model.safetensors", under(whole, "cond_stage_model.transformer."));
  test::write_text(models("diffusers") / "a/sd/model_index.json", "{}");
  const std::string loader = R"("c": {"class_type": "DiffusersLoader", "inputs": {"model_path": "a/sd"}})";
  EXPECT_TRUE(results(loader, R"(["c", 0])", R"(["c", 1])", R"(["c", 2])") == checkpoint_results("mini_sd15"));
}

TEST_F(LoadersTest, ADiffusersFolderIsListedAndItsFilesAreInTheKey) {
  write("diffusers", "a/sd/unet/diffusion_pytorch_model.safetensors", {{"x", at::ones({1})}});
  test::write_text(models("diffusers") / "a/sd/model_index.json", "{}");
  test::write_text(models("diffusers") / "b/notes.json", "{}");
  const Json info = node_info(*w.registry.find("DiffusersLoader"), "DiffusersLoader", w.workshop.folders);
  EXPECT_EQ(info["input"]["required"]["model_path"][0], (Json{"a/sd"}));
  const auto key = [&] {
    return w.prepare(R"({"1": {"class_type": "DiffusersLoader", "inputs": {"model_path": "a/sd"}},
                         "2": {"class_type": "VAEDecode", "inputs": {"vae": ["1", 2], "samples": ["3", 0]}},
                         "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
                         "4": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}}})")
        .keys.keys.at(0);
  };
  const Key first = key();
  EXPECT_EQ(key(), first);
  write("diffusers", "a/sd/unet/diffusion_pytorch_model.safetensors", {{"x", at::zeros({1})}});
  EXPECT_NE(key(), first);
  EXPECT_THAT(error(R"({"class_type": "DiffusersLoader", "inputs": {"model_path": "b"}})", 1),
              HasSubstr("no file \"b\" in diffusers"));
}

std::string loader_of(const std::string& ckpt) {
  return R"({"class_type": "CheckpointLoader", "inputs": {"ckpt_name": ")" + ckpt + R"("}})";
}

TEST_F(LoadersTest, WhatAFileLacksIsSaidWhenItIsUsed) {
  const Tensors whole = checkpoint_tensors("mini_sd15");
  Tensors unet_alone;
  for (const auto& [name, tensor] : whole) {
    if (name.starts_with("model.")) unet_alone.emplace(name, tensor);
  }
  write("checkpoints", "unet.safetensors", unet_alone);
  EXPECT_THAT(error(loader_of("unet.safetensors"), 1),
              HasSubstr("\"unet.safetensors\" holds no text encoder; load one with CLIPLoader"));
}

TEST_F(LoadersTest, WhatAModelPredictsDecidesItsNoiseLevels) {
  const auto loaded = [&](const Tensors& markers) {
    Tensors tensors = checkpoint_tensors("mini_sdxl");
    tensors.insert(markers.begin(), markers.end());
    write("checkpoints", "a.safetensors", tensors);
    return w.value<Model>(test::graph_of("{\"1\": " + loader_of("a.safetensors") + "}"), "1", 0);
  };
  EXPECT_EQ(loaded({}).sampling.prediction, diffusion::Prediction::kEps);
  const Model zero = loaded({{"v_pred", at::empty({0})}, {"ztsnr", at::empty({0})}});
  EXPECT_EQ(zero.sampling.prediction, diffusion::Prediction::kV);
  EXPECT_NEAR(zero.sampling.sigma_max(), 4518.76, 0.01);
  const Model playground = loaded({{"edm_mean", at::zeros({4})}, {"edm_std", at::ones({4})}});
  EXPECT_EQ(playground.sampling.prediction, diffusion::Prediction::kEdm);
  EXPECT_NEAR(playground.sampling.sigma_max(), 80, 1e-3);
  EXPECT_EQ(playground.sampling.sigma_data, 0.5);
  EXPECT_EQ(playground.latent_mean.size(), 4u);
  const Model cos = loaded({{"edm_vpred.sigma_max", at::tensor(90.0f)}, {"edm_vpred.sigma_min", at::tensor(0.01f)}});
  EXPECT_EQ(cos.sampling.prediction, diffusion::Prediction::kV);
  EXPECT_NEAR(cos.sampling.sigma_max(), 90, 1e-3);
  EXPECT_NEAR(cos.sampling.sigma_min(), 0.01, 1e-6);
  EXPECT_TRUE(cos.latent_mean.empty());
}

TEST_F(LoadersTest, WeightsOfEightBitsAreRoundedToThem) {
  const Tensors unet = under(checkpoint_tensors("mini_sd15"), "model.diffusion_model.");
  Tensors rounded;
  for (const auto& [name, tensor] : unet) rounded.emplace(name, tensor.to(at::kFloat8_e5m2).to(at::kFloat));
  write("diffusion_models", "whole.safetensors", unet);
  write("diffusion_models", "rounded.safetensors", rounded);
  w.add_model("checkpoints", "mini_sd15.safetensors", "checkpoints/mini_sd15.spec.json");
  const auto latent = [&](const std::string& file, const std::string& dtype) {
    const std::string loaders =
        R"("c": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini_sd15.safetensors"}},
           "u": {"class_type": "UNETLoader", "inputs": {"unet_name": ")" + file + R"(.safetensors", "weight_dtype": ")" + dtype + "\"}}";
    return results(loaders, R"(["u", 0])", R"(["c", 1])", R"(["c", 2])").latent;
  };
  EXPECT_TRUE(at::equal(latent("whole", "fp8_e5m2"), latent("rounded", "default")));
  EXPECT_FALSE(at::equal(latent("whole", "fp8_e4m3fn"), latent("rounded", "default")));
  EXPECT_TRUE(at::equal(latent("whole", "fp8_e4m3fn_fast"), latent("whole", "fp8_e4m3fn")));
}

// Random weights of a Tiny AutoEncoder, small enough not to blow up.
Tensors tiny_half(bool encoder) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t(encoder));
  Tensors tensors;
  const auto conv = [&](const std::string& name, int64_t in, int64_t out, bool bias = true) {
    tensors[name + ".weight"] = at::randn({out, in, 3, 3}, generator, at::kFloat) * (0.7 / std::sqrt(9.0 * double(in)));
    if (bias) tensors[name + ".bias"] = at::randn({out}, generator, at::kFloat) * 0.1;
  };
  const auto block = [&](int i) {
    for (const char* of : {".conv.0", ".conv.2", ".conv.4"}) conv(std::to_string(i) + of, 16, 16);
  };
  conv(encoder ? "0" : "1", encoder ? 3 : 4, 16);
  conv(encoder ? "14" : "19", 16, encoder ? 4 : 3);
  for (const int i : encoder ? std::vector{1, 3, 4, 5, 7, 8, 9, 11, 12, 13} : std::vector{3, 4, 5, 8, 9, 10, 13, 14, 15, 18}) block(i);
  for (const int i : encoder ? std::vector{2, 6, 10} : std::vector{7, 12, 17}) conv(std::to_string(i), 16, 16, false);
  return tensors;
}

TEST_F(LoadersTest, TinyAutoencodersAreChoicesWhereBothHalvesAreThere) {
  const auto choices = [&] {
    const Json info = node_info(*w.registry.find("VAELoader"), "VAELoader", w.workshop.folders);
    return info["input"]["required"]["vae_name"][0].get<std::vector<std::string>>();
  };
  EXPECT_THAT(choices(), ElementsAre("pixel_space"));
  write("vae_approx", "taesd_encoder.safetensors", tiny_half(true));
  EXPECT_THAT(choices(), ElementsAre("pixel_space"));
  write("vae_approx", "taesd_decoder.safetensors", tiny_half(false));
  EXPECT_THAT(choices(), ElementsAre("taesd", "pixel_space"));
}

TEST_F(LoadersTest, TinyAutoencodersOfBothScalesDifferByTheScaleAlone) {
  for (const char* name : {"taesd", "taesdxl"}) {
    write("vae_approx", std::string(name) + "_encoder.safetensors", tiny_half(true));
    write("vae_approx", std::string(name) + "_decoder.safetensors", tiny_half(false));
  }
  const auto latent = [&](const std::string& vae) {
    const Graph graph = test::graph_of(
        R"({"1": {"class_type": "VAELoader", "inputs": {"vae_name": ")" + vae + R"("}},
            "2": {"class_type": "EmptyImage", "inputs": {"width": 24, "height": 16, "batch_size": 1, "color": 65280}},
            "3": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 0]}},
            "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 0]}}})");
    EXPECT_EQ(w.value<Image>(graph, "4", 0).pixels.sizes(), (at::IntArrayRef{1, 16, 24, 3}));
    return w.value<Latent>(graph, "3", 0).samples;
  };
  const at::Tensor sd = latent("taesd"), xl = latent("taesdxl");
  EXPECT_EQ(sd.sizes(), (at::IntArrayRef{1, 4, 2, 3}));
  EXPECT_LT(test::max_difference(sd * 0.18215, xl * 0.13025), 1e-6);
}

TEST_F(LoadersTest, PixelSpaceIsThePictureItself) {
  const Graph graph = test::graph_of(
      R"({"1": {"class_type": "VAELoader", "inputs": {"vae_name": "pixel_space"}},
          "2": {"class_type": "EmptyImage", "inputs": {"width": 5, "height": 3, "batch_size": 2, "color": 16744448}},
          "3": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 0]}},
          "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 0]}}})");
  const at::Tensor picture = w.value<Image>(graph, "2", 0).pixels, latent = w.value<Latent>(graph, "3", 0).samples;
  EXPECT_TRUE(at::equal(latent, picture.permute({0, 3, 1, 2}) * 2 - 1));
  EXPECT_LT(test::max_difference(w.value<Image>(graph, "4", 0).pixels, picture), 1e-6);
}

}  // namespace
}  // namespace heddle
