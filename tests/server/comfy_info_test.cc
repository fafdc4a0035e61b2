#include "engine/server/comfy_info.h"

#include <algorithm>

#include "engine/object_info.h"
#include "tests/engine/picture_bytes.h"
#include "tests/server/site_testing.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsSubsetOf;
using namespace test;
using heddle::test::pattern;
using heddle::test::read_one;

struct Pick final : Node {
  struct Picture : File {
    static constexpr std::string_view kFolder = "input";
  };
  static constexpr NodeInfo kInfo{.name = "Pick", .category = "test", .help = "A file."};
  In<Picture> image{this, "image", "The file."};
  In<double> scale{this, "scale", "Coarse.", 1.0, between(0.0, 10.0), step(0.1)};
  Out<int64_t> size{this, "INT"};
  void run(RunContext&) override { size = 0; }
};

struct Info : ::testing::Test {
  ComfySite comfy;
};

TEST_F(Info, NodesAreDescribedAsComfyUIDoes) {
  const Json all = comfy.json("/object_info");
  EXPECT_EQ(all.size(), comfy.registry.names().size());
  EXPECT_EQ(all["Word"], comfy.json("/api/object_info/Word")["Word"]);
  EXPECT_EQ(all["Word"]["input"]["required"]["how"][0], parse_json(R"(["loud", "quiet"])"));
  EXPECT_EQ(all["Word"]["input_order"]["required"], parse_json(R"(["text", "how", "seed", "weight"])"));
  EXPECT_EQ(all["Plus"]["name"], "Plus");
  EXPECT_EQ(all["Number"]["output_node"], false);
}

TEST_F(Info, AnUnknownNodeIsAnEmptyObject) {
  for (const char* name : {"Nothing", "Primitive%20boolean%20%5BCrystools%5D"}) {
    const Response response = comfy.get(std::string("/object_info/") + name);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "{}");
  }
}

TEST_F(Info, OutputNodesSayThatTheyKeepTheGraph) {
  const Json show = comfy.json("/object_info/Show")["Show"];
  EXPECT_EQ(show["input"]["hidden"], parse_json(R"({"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"})"));
  EXPECT_EQ(show["input_order"]["hidden"], parse_json(R"(["prompt", "extra_pnginfo"])"));
  EXPECT_FALSE(comfy.json("/object_info/Word")["Word"]["input"].contains("hidden"));
}

TEST_F(Info, AnUploadIsAmongTheChoicesAtOnce) {
  comfy.registry.add<Pick>();
  const auto choices = [&] { return comfy.json("/object_info/Pick")["Pick"]["input"]["required"]["image"][0]; };
  EXPECT_EQ(choices(), Json::array());
  comfy.upload("/upload/image", "cat.png", "bytes", {});
  EXPECT_EQ(choices(), parse_json(R"(["cat.png"])"));
  write_text(comfy.folder / "input" / "not UTF-8: \xFF.png", "");
  EXPECT_EQ(choices(), parse_json(R"(["cat.png"])"));
}

TEST_F(Info, CoarseStepsDoNotRoundWhatIsTyped) {
  comfy.registry.add<Pick>();
  EXPECT_EQ(comfy.json("/object_info/Pick")["Pick"]["input"]["required"]["scale"][1]["round"], 0.01);
  EXPECT_FALSE(comfy.json("/object_info/Word")["Word"]["input"]["required"]["weight"][1].contains("round"));
}

// The keys that ComfyUI's entries have, each of the same type.
TEST_F(Info, AnEntryHasTheShapeOfComfyUIs) {
  const Json theirs = parse_json(read_file(heddle::test::kGolden / "object_info.json"))["SaveImage"];
  const Json ours = comfy.json("/object_info/Show")["Show"];
  for (const auto& [key, value] : theirs.items()) {
    ASSERT_TRUE(ours.contains(key)) << key;
    EXPECT_EQ(ours[key].type(), value.type()) << key;
  }
  EXPECT_EQ(ours["input"]["hidden"], theirs["input"]["hidden"]);
  EXPECT_EQ(ours["input_order"]["hidden"], theirs["input_order"]["hidden"]);
}

TEST_F(Info, SystemStatsAreThoseOfTheMachine) {
  const Json stats = comfy.json("/system_stats");
  const Json& system = stats["system"];
  EXPECT_EQ(system["comfyui_version"], kComfyVersion);
  EXPECT_EQ(system["pytorch_version"], "0.0");
  EXPECT_EQ(system["processor"], "abacus");
  EXPECT_EQ(system["argv"], parse_json(R"(["heddle", "serve"])"));
  EXPECT_EQ(system["embedded_python"], false);
  const auto total = system["ram_total"].get<uint64_t>(), free = system["ram_free"].get<uint64_t>();
  EXPECT_GT(total, uint64_t{64} << 20);
  EXPECT_GT(free, 0);
  EXPECT_LE(free, total);
  ASSERT_EQ(stats["devices"].size(), 1);
  const Json& device = stats["devices"][0];
  EXPECT_EQ(device["type"], "cpu");
  EXPECT_TRUE(device["index"].is_null());
  EXPECT_EQ(device["vram_total"], total);
  EXPECT_TRUE(device["torch_vram_free"].is_number_unsigned());
}

TEST_F(Info, FeaturesTellTheLargestUpload) {
  EXPECT_EQ(comfy.get("/features").body, R"({"supports_preview_metadata": true, "max_upload_size": 104857600})");
  comfy.site.max_upload = 5;
  EXPECT_EQ(comfy.json("/api/features")["max_upload_size"], 5);
}

TEST_F(Info, WhatCustomNodesWouldBringIsEmpty) {
  EXPECT_EQ(comfy.get("/extensions").body, "[]");
  for (const char* path : {"/api/i18n", "/workflow_templates", "/api/node_replacements", "/api/global_subgraphs"}) {
    EXPECT_EQ(comfy.get(path).body, "{}") << path;
  }
}

struct Models : Info {
  fs::path models = comfy.folder / "models";
};

TEST_F(Models, FoldersComeInTheOrderOfComfyUI) {
  comfy.site.folders.models["texts"] = {};
  EXPECT_EQ(comfy.json("/models"), parse_json(R"(["checkpoints", "configs", "loras", "vae", "text_encoders",
      "diffusion_models", "clip_vision", "style_models", "embeddings", "diffusers", "vae_approx", "controlnet",
      "gligen", "upscale_models", "custom_nodes", "hypernetworks", "photomaker", "classifiers", "model_patches",
      "audio_encoders", "texts"])"));
}

TEST_F(Models, FilesOfAFolderAreListedBelowAllItsRoots) {
  write_text(models / "loras/b.safetensors", "");
  write_text(models / "loras/a/b.pt", "");
  write_text(models / "loras/notes.txt", "");
  write_text(models / "unet/u.safetensors", "");
  write_text(models / "classifiers/plain", "");
  write_text(models / "diffusers/sd/unet/model.safetensors", "");
  EXPECT_EQ(comfy.json("/models/loras"), parse_json(R"(["a/b.pt", "b.safetensors"])"));
  EXPECT_EQ(comfy.json("/api/models/diffusion_models"), parse_json(R"(["u.safetensors"])"));
  EXPECT_EQ(comfy.json("/models/custom_nodes"), Json::array());
  EXPECT_EQ(comfy.json("/models/classifiers"), parse_json(R"(["plain"])"));
  EXPECT_EQ(comfy.json("/models/diffusers"), Json::array());
  for (const char* key : {"unet", "clip", "input", "..", "nothing"}) {
    EXPECT_EQ(comfy.get(std::string("/models/") + key).status, 404) << key;
  }
}

TEST_F(Models, EmbeddingsAreNamedAsPromptsNameThem) {
  write_text(models / "embeddings/style/v1.5.pt", "");
  write_text(models / "embeddings/bad.safetensors", "");
  EXPECT_EQ(comfy.json("/embeddings"), parse_json(R"(["bad", "style/v1.5"])"));
}

TEST_F(Models, TheLibraryTellsFoldersAndFiles) {
  write_text(models / "text_encoders/a.safetensors", "12345");
  write_text(models / "clip/b.safetensors", "1");
  write_text(models / "clip/.hidden.safetensors", "1");
  const Json library = comfy.json("/experiment/models");
  EXPECT_EQ(library[0]["name"], "checkpoints");
  EXPECT_EQ(library[0]["folders"], Json::array({(models / "checkpoints").string()}));
  for (const Json& folder : library) EXPECT_TRUE(folder["name"] != "configs" && folder["name"] != "custom_nodes");

  const Json files = comfy.json("/experiment/models/text_encoders");
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(files[0]["name"], "a.safetensors");
  EXPECT_EQ(files[0]["pathIndex"], 0);
  EXPECT_EQ(files[0]["size"], 5);
  EXPECT_TRUE(files[0]["modified"].is_number_float());
  EXPECT_TRUE(files[0]["created"].is_number_float());
  EXPECT_EQ(files[1]["name"], "b.safetensors");
  EXPECT_EQ(files[1]["pathIndex"], 1);
  EXPECT_EQ(comfy.get("/experiment/models/clip").status, 404);
}

TEST_F(Models, FolderPathsAreAbsolute) {
  const Json paths = comfy.json("/internal/folder_paths");
  EXPECT_EQ(paths["loras"], Json::array({(models / "loras").string()}));
  EXPECT_EQ(paths["custom_nodes"], Json::array());
  EXPECT_EQ(comfy.get("/api/internal/folder_paths").status, 404);
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
  }
  return text;
}

TEST_F(Models, ThePreviewIsThePictureBesideAModel) {
  const Picture made_for_it = pattern(3, 2, 3), other = pattern(5, 4, 4);
  write_text(models / "loras/a/cat.v2.safetensors", "");
  EXPECT_EQ(comfy.get("/experiment/models/preview/loras/0/a/cat.v2.safetensors").status, 404);
  write_file_atomically(models / "loras/a/cat.v2.png", encode_png(other, {}));
  const Response response = comfy.get("/api/experiment/models/preview/loras/0/a/cat.v2.safetensors");
  EXPECT_EQ(response.type, "image/webp");
  EXPECT_EQ(read_one(response.body).width, 5);
  write_file_atomically(models / "loras/a/cat.v2.preview.jpg", encode_jpeg(made_for_it, {}));
  EXPECT_EQ(read_one(comfy.get("/experiment/models/preview/loras/0/a%2Fcat.v2.safetensors").body).width, 3);
  write_text(models / "loras/a/cat.v2.preview.jpg", "no picture");
  EXPECT_EQ(read_one(comfy.get("/experiment/models/preview/loras/0/a/cat.v2.safetensors").body).width, 5);
}

TEST_F(Models, ElseItIsTheCoverInside) {
  const std::string covers = dump_python(Json::array({"no base64!", base64(encode_png(pattern(7, 2, 3), {}))}));
  const std::string header = dump_python({{"__metadata__", {{"ssmd_cover_images", covers}}}});
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  write_text(models / "loras/cat.safetensors", bytes + header);
  EXPECT_EQ(read_one(comfy.get("/experiment/models/preview/loras/0/cat.safetensors").body).width, 7);
}

TEST_F(Models, PreviewsOfWhatIsNotThereAre404) {
  write_text(models / "loras/cat.safetensors", "");
  write_file_atomically(comfy.folder / "secret.png", encode_png(pattern(1, 1, 3), {}));
  write_text(comfy.folder / "secret.safetensors", "");
  for (const char* name : {"loras/0/cat.safetensors", "loras/1/cat.safetensors", "loras/-1/cat.safetensors",
                           "loras/x/cat.safetensors", "loras/0/..%2F..%2Fsecret.safetensors",
                           "nothing/0/cat.safetensors", "loras/99999999999999999999/cat.safetensors"}) {
    EXPECT_EQ(comfy.get(std::string("/experiment/models/preview/") + name).status, 404) << name;
  }
}

}  // namespace
}  // namespace heddle::server
