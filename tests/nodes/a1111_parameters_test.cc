// Pictures of AUTOMATIC1111's as graphs.
#include "nodes/a1111_parameters.h"

#include <gmock/gmock.h>

#include <fstream>

#include "engine/image_file.h"
#include "engine/load_graph.h"
#include "nodes/a1111_models.h"
#include "nodes/a1111_names.h"
#include "nodes/a1111_settings.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using test::NodeWorkshop;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* kPlain =
    "ink style, a (red:1.2) house\nby day\nNegative prompt: blurry,\ndark\n"
    "Steps: 4, Sampler: Euler a, Schedule type: Karras, CFG scale: 6.5, Seed: 12345678901, Size: 64x128, "
    "Model hash: 0123456789, Model: pocket, RNG: CPU, Version: v1.10.1";

struct A1111Picture : ::testing::Test {
  ForeignGraph read(const std::string& text) { return read_a1111_parameters(text, w.workshop.folders, w.hashes); }
  Json inputs(const ForeignGraph& graph, const char* step) { return graph.api.at(step).at("inputs"); }
  std::string said(const ForeignGraph& graph) {
    std::string text;
    for (const Problem& problem : graph.problems) text += problem.message + "\n";
    return text;
  }
  NodeWorkshop w;
};

TEST(A1111Text, IsPromptNegativeAndSettings) {
  const auto text = parse_a1111_text(kPlain);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->prompt, "ink style, a (red:1.2) house\nby day");
  EXPECT_EQ(text->negative, "blurry,\ndark");
  EXPECT_THAT(text->settings.front(), Pair("Steps", "4"));
  EXPECT_THAT(text->settings.back(), Pair("Version", "v1.10.1"));
}

TEST(A1111Text, NeedsNoPromptAndNoNegative) {
  EXPECT_EQ(parse_a1111_text("Steps: 1, Seed: 2")->prompt, "");
  EXPECT_EQ(parse_a1111_text("Negative prompt: x\nSteps: 1")->negative, "x");
  EXPECT_EQ(parse_a1111_text("a\nSteps: 1\nTemplate: b")->prompt, "a");
  EXPECT_EQ(parse_a1111_text("a prompt alone"), std::nullopt);
  EXPECT_EQ(parse_a1111_text(""), std::nullopt);
}

TEST(A1111Text, ValuesInQuotesKeepTheirCommas) {
  const auto text = parse_a1111_text(
      R"(a
Steps: 1, Lora hashes: "x: 12, y: 34", Hires prompt: "say \"hi\",\nnow", odd, Seed: 5, open: "a, end: b)");
  EXPECT_THAT(text->settings, ElementsAre(Pair("Steps", "1"), Pair("Lora hashes", "x: 12, y: 34"),
                                          Pair("Hires prompt", "say \"hi\",\nnow"), Pair("Seed", "5"),
                                          Pair("open", "\"a"), Pair("end", "b")));
}

TEST(A1111Text, LongOnesAreReadInLinearTime) {
  std::string text = "Steps: 1";
  for (int i = 0; i < 100000; ++i) text += ", k: \"x";
  EXPECT_TRUE(parse_a1111_text(text));
  EXPECT_TRUE(parse_a1111_text(std::string(1 << 20, '\n') + "Steps: 1"));
}

TEST(A1111Names, KnowSamplersWithAndWithoutTheirSchedule) {
  const auto names = [](const char* sampler, const char* schedule = "") {
    const A1111Sampling sampling = a1111_sampling(sampler, schedule);
    EXPECT_EQ(sampling.remark, "");
    return sampling.sampler + " " + sampling.scheduler;
  };
  EXPECT_EQ(names("Euler a"), "euler_ancestral normal");
  EXPECT_EQ(names("DPM++ 2M Karras"), "dpmpp_2m karras");
  EXPECT_EQ(names("DPM++ 2M"), "dpmpp_2m normal");
  EXPECT_EQ(names("DPM++ 2M", "Automatic"), "dpmpp_2m karras");
  EXPECT_EQ(names("DPM++ 2M SDE Heun Exponential"), "dpmpp_2m_sde_heun exponential");
  EXPECT_EQ(names("DPM++ 3M SDE", "SGM Uniform"), "dpmpp_3m_sde sgm_uniform");
  EXPECT_EQ(names("DPM2 a Karras"), "dpm_2_ancestral karras");
  EXPECT_EQ(names("DDIM"), "ddim ddim_uniform");
  EXPECT_EQ(names("UniPC"), "uni_pc normal");
  EXPECT_EQ(names("LMS Karras"), "lms karras");
}

TEST(A1111Names, SayWhatStandsInForTheUnknown) {
  EXPECT_THAT(a1111_sampling("Restart", "").remark, HasSubstr("heun without restarts"));
  EXPECT_THAT(a1111_sampling("Wobble", "Karras").remark, HasSubstr("\"Wobble\": heddle does not know it"));
  EXPECT_THAT(a1111_sampling("Euler", "Odd").remark, HasSubstr("schedule \"Odd\""));
  EXPECT_THAT(a1111_upscaler("4x-UltraSharp").remark, HasSubstr("4x-UltraSharp"));
}

TEST_F(A1111Picture, BecomesAGraphOfTextToImage) {
  const ForeignGraph graph = read(kPlain);
  EXPECT_EQ(inputs(graph, "4")["ckpt_name"], "pocket.safetensors");
  EXPECT_EQ(inputs(graph, "6")["text"], "ink style, a (red:1.2) house\nby day");
  EXPECT_EQ(inputs(graph, "7"),
            Json::parse(R"({"text": "blurry,\ndark", "clip": ["4", 1], "steps": 4, "negative": true})"));
  EXPECT_EQ(inputs(graph, "5"), Json::parse(R"({"width": 64, "height": 128, "batch_size": 1})"));
  EXPECT_EQ(inputs(graph, "3"), Json::parse(R"({"model": ["4", 0], "seed": 12345678901, "steps": 4, "cfg": 6.5,
      "sampler_name": "euler_ancestral", "scheduler": "karras", "positive": ["6", 0], "negative": ["7", 0],
      "latent_image": ["5", 0], "denoise": 1.0})"));
  EXPECT_THAT(said(graph), HasSubstr("its hash does not begin with 0123456789"));
}

TEST_F(A1111Picture, PassesTheChecksAndRuns) {
  const ForeignGraph graph = read(kPlain);
  RunResult result;
  w.run(w.prepare(graph.api.dump()), &result);
  EXPECT_EQ(result.outputs.at("9").at("images").size(), 1u);
}

TEST_F(A1111Picture, LorasInThePromptChangeModelAndBothEncoders) {
  const ForeignGraph graph = read(
      "a <lora:ink:0.8>\nNegative prompt: b\nSteps: 1, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, "
      "Model: pocket, Clip skip: 2, Lora hashes: \"ink: 1234\"");
  EXPECT_EQ(inputs(graph, "10")["stop_at_clip_layer"], -2);
  EXPECT_EQ(inputs(graph, "6")["model"], Json::array({"4", 0}));
  EXPECT_EQ(inputs(graph, "6")["clip"], Json::array({"10", 0}));
  EXPECT_EQ(inputs(graph, "7")["clip"], Json::array({"6", 2}));
  EXPECT_EQ(inputs(graph, "3")["model"], Json::array({"6", 1}));
  EXPECT_THAT(said(graph), Not(HasSubstr("Lora")));
  w.prepare(graph.api.dump());
  EXPECT_THAT(said(read("<lora:inc:1>\nSteps: 1")), HasSubstr("did you mean \"ink\"?"));
}

constexpr const char* kSecondPass =
    "a house\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1, Size: 64x64, Model: pocket, "
    "Denoising strength: 0.55, Hires upscale: 1.5, Hires steps: 10, Hires upscaler: ";

TEST_F(A1111Picture, ASecondPassInLatentsIsASecondSampler) {
  const ForeignGraph graph = read(std::string(kSecondPass) + "Latent (bicubic), Version: v1.6.0");
  EXPECT_EQ(inputs(graph, "12"),
            Json::parse(R"({"upscale_method": "bicubic", "width": 96, "height": 96, "crop": "center",
      "samples": ["3", 0]})"));
  const Json second = inputs(graph, "15");
  EXPECT_EQ(second["steps"], 10);
  EXPECT_EQ(second["denoise"], 0.55);
  EXPECT_EQ(second["latent_image"], Json::array({"12", 0}));
  EXPECT_EQ(second["positive"], Json::array({"6", 0}));
  EXPECT_EQ(inputs(graph, "8")["samples"], Json::array({"15", 0}));
  w.prepare(graph.api.dump());
}

TEST_F(A1111Picture, ASecondPassInPixelsEncodesAgain) {
  const ForeignGraph graph = read(std::string(kSecondPass) + "R-ESRGAN 4x+");
  EXPECT_EQ(inputs(graph, "17")["upscale_method"], "lanczos");
  EXPECT_EQ(inputs(graph, "12")["pixels"], Json::array({"17", 0}));
  EXPECT_THAT(said(graph), HasSubstr("upscaler \"R-ESRGAN 4x+\": no model enlarges"));
  w.prepare(graph.api.dump());
}

TEST_F(A1111Picture, ASecondPassOfAnEditedPromptGoesOnCounting) {
  const std::string rest = std::string(kSecondPass).substr(7) + "Latent, Version: ";
  const ForeignGraph later = read("a [red:blue:0.5] house" + rest + "v1.6.0");
  EXPECT_EQ(inputs(later, "13")["steps_before"], 20);
  EXPECT_EQ(inputs(later, "13")["steps"], 10);
  EXPECT_EQ(inputs(later, "15")["positive"], Json::array({"13", 0}));
  const ForeignGraph earlier = read("a [red:blue:0.5] house" + rest + "v1.5.1");
  EXPECT_FALSE(inputs(earlier, "13").contains("steps_before"));
  EXPECT_EQ(inputs(read("a [red:blue:0.5] house" + rest + "f2.0.1v1.10.1-previous"), "13")["steps_before"], 20);
}

TEST_F(A1111Picture, SaysWhatIsNotCarriedOver) {
  const std::string warnings = said(
      read("a\nSteps: 1, Sampler: Restart, CFG scale: 7, Seed: 1, Size: 64x64, Model: pocket, Denoising strength: 0.4, "
           "ENSD: 31337, Variation seed: 9, Variation seed strength: 0.2, ControlNet 0: \"Module: canny, Model: x\", "
           "VAE: none.such, Version: v1.7.0"));
  for (const char* expected :
       {"drawn on a graphics card", "ENSD: 31337", "Variation seed: 9 (strength 0.2)",
        "ControlNet 0: Module: canny, Model: x", "made from another one", "heun without restarts",
        "no file in vae is \"none.such\"; there is none; the checkpoint's own"}) {
    EXPECT_THAT(warnings, HasSubstr(expected));
  }
  EXPECT_THAT(warnings, Not(HasSubstr("Version")));
}

TEST_F(A1111Picture, TellsWhichCheckpointIsWantedAndWhatIsThere) {
  const ForeignGraph graph =
      read("a\nSteps: 1, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, Model: dream, Model hash: aaaaaaaaaa");
  EXPECT_THAT(said(graph),
              HasSubstr("no file in checkpoints is \"dream\" (hash aaaaaaaaaa); there is pocket.safetensors"));
  EXPECT_EQ(inputs(graph, "4")["ckpt_name"], "dream");
}

TEST_F(A1111Picture, FindsTheCheckpointByItsHash) {
  const auto path = *w.workshop.folders.find("checkpoints", "pocket.safetensors");
  const std::string hash = w.hashes.hash(path).hex().substr(0, 10);
  const FoundModel found = find_a1111_model("checkpoints", {"renamed", hash}, w.workshop.folders, w.hashes);
  EXPECT_EQ(found.file, "pocket.safetensors");
  EXPECT_EQ(found.warning, "");
  EXPECT_EQ(find_a1111_model("checkpoints", {"", hash}, w.workshop.folders, w.hashes).file, "pocket.safetensors");
  EXPECT_EQ(find_a1111_model("checkpoints", {"pocket", hash}, w.workshop.folders, w.hashes).warning, "");
}

TEST_F(A1111Picture, FindsTheCheckpointByTheOlderHash) {
  const auto path = w.folder / "models/checkpoints/old.safetensors";
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << std::string(0x100000, 'a') << std::string(0x10000, 'b') << "c";
  w.workshop.folders.models["checkpoints"].push_back(path.parent_path());
  Hasher hasher;
  const std::string piece(0x10000, 'b');
  hasher.add_raw(piece.data(), piece.size());
  const std::string hash = hasher.finish().hex().substr(0, 8);
  EXPECT_EQ(find_a1111_model("checkpoints", {"", hash}, w.workshop.folders, w.hashes).file, "old.safetensors");
}

TEST_F(A1111Picture, ATextOfAnotherProgramIsAProblem) {
  const ForeignGraph graph = read(R"({"sui_image_params": {"prompt": "a"}})");
  ASSERT_EQ(graph.problems.size(), 1u);
  EXPECT_FALSE(graph.problems[0].warning);
  EXPECT_THAT(graph.problems[0].message, HasSubstr("no line of them begins with \"Steps: \""));
}

TEST_F(A1111Picture, OpensFromEveryFormat) {
  const Picture picture{.width = 8, .height = 8, .pixels = std::vector<uint16_t>(192, 128)};
  const ImageTexts texts{{"parameters", std::string(kPlain) + ", User: \xC3\xA9"}};
  const ForeignTexts readers{{"parameters", [&](const std::string& text) { return read(text); }}};
  for (const std::string& bytes :
       {encode_png(picture, texts), encode_jpeg(picture, texts), encode_webp(picture, texts)}) {
    const LoadedGraph loaded = load_graph(
        bytes, "picture", [] { return Json::object(); }, 0, readers);
    EXPECT_TRUE(loaded.problems.empty());
    EXPECT_EQ(loaded.graph.steps.size(), 7u);
    EXPECT_EQ(loaded.kind, "picture");
    EXPECT_FALSE(loaded.warnings.empty());
  }
}

TEST_F(A1111Picture, AWorkflowInThePictureComesFirst) {
  const Picture picture{.width = 8, .height = 8, .pixels = std::vector<uint16_t>(192, 128)};
  const std::string bytes =
      encode_png(picture, {{"parameters", kPlain}, {"prompt", R"({"1": {"class_type": "EmptyImage", "inputs": {}}})"}});
  const ForeignTexts readers{{"parameters", [&](const std::string& text) { return read(text); }}};
  EXPECT_EQ(load_graph(
                bytes, "picture", [] { return Json::object(); }, 0, readers)
                .graph.steps.size(),
            1u);
}

}  // namespace
}  // namespace heddle
