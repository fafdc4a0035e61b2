// The first picture in a running process: what a change runs again, and what it leaves alone.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;
using test::NodeWorkshop;

Graph first_picture() {
  return test::graph_file(std::filesystem::path(HEDDLE_SOURCE_DIR) / "graphs/first_picture.json");
}

Graph changed(const std::string& target, const Json& value) {
  Graph graph = first_picture();
  test::input_of(graph, target).literal = value;
  return graph;
}

// The nodes that ran, in order.
std::string ran(NodeWorkshop& w, const Graph& graph, RunResult* result = nullptr) {
  std::string nodes;
  std::istringstream ids(w.run(w.prepare(graph), result));
  for (std::string id; ids >> id;) nodes += graph.steps[size_t(graph.find(id))].node + " ";
  return nodes;
}

TEST(FirstPicture, ANewSeedRunsSamplerDecodeAndSave) {
  NodeWorkshop w;
  ran(w, first_picture());
  EXPECT_EQ(ran(w, changed("3.seed", 4)), "KSampler VAEDecode SaveImage ");
}

TEST(FirstPicture, ANewPromptLeavesTheLoadersAlone) {
  NodeWorkshop w;
  ran(w, first_picture());
  EXPECT_EQ(ran(w, changed("6.text", "ink style, a red house")), "CLIPEncode KSampler VAEDecode SaveImage ");
}

TEST(FirstPicture, ANewStrengthLeavesTheCheckpointAlone) {
  NodeWorkshop w;
  ran(w, first_picture());
  EXPECT_EQ(ran(w, changed("10.strength_model", 0.5)), "LoraLoader CLIPEncode CLIPEncode KSampler VAEDecode SaveImage ");
}

TEST(FirstPicture, AfterARestartNoSamplerStepRuns) {
  const test::TemporaryFolder cache;
  NodeWorkshop(cache.path()).run(NodeWorkshop(cache.path()).prepare(first_picture()));
  NodeWorkshop again(cache.path());
  EXPECT_EQ(ran(again, first_picture()), "SaveImage ");
}

TEST(FirstPicture, VerifyingTheCacheFindsEveryResultTheSame) {
  const test::TemporaryFolder cache;
  NodeWorkshop w(cache.path());
  w.run(w.prepare(first_picture()));
  EXPECT_NO_THROW(w.run(w.prepare(first_picture()), nullptr, true));
}

TEST(FirstPicture, TheLoraSaysHowManyOfItsKeysMatched) {
  NodeWorkshop w;
  RunResult result;
  ran(w, first_picture(), &result);
  EXPECT_EQ(result.notes["10"]["loras"][0]["matched"], 402);
  EXPECT_EQ(result.notes["10"]["loras"][0]["total"], 402);
}

TEST(FirstPicture, AStrengthOfZeroIsTheCheckpointAlone) {
  NodeWorkshop w;
  Graph zero = changed("10.strength_model", 0.0), plain = first_picture();
  test::input_of(zero, "10.strength_clip").literal = 0.0;
  test::input_of(plain, "3.model").from = "4";
  for (const char* target : {"6.clip", "7.clip"}) test::input_of(plain, target).from = "4";
  EXPECT_TRUE(at::equal(w.value<Image>(zero, "8", 0).pixels.clone(), w.value<Image>(plain, "8", 0).pixels));
}

TEST(FirstPicture, APictureOfABatchEqualsItAlone) {
  NodeWorkshop w;
  const at::Tensor alone = w.value<Latent>(first_picture(), "3", 0).samples.clone();
  const at::Tensor batch = w.value<Latent>(changed("5.batch_size", 3), "3", 0).samples;
  ASSERT_EQ(batch.size(0), 3);
  EXPECT_TRUE(at::equal(alone, batch.slice(0, 0, 1)));
}

TEST(FirstPicture, TheNumberOfThreadsChangesNothing) {
  const int before = at::get_num_threads();
  at::Tensor pictures[2];
  for (int threads : {1, 2}) {
    at::set_num_threads(threads);
    NodeWorkshop w;
    pictures[threads - 1] = w.value<Image>(first_picture(), "8", 0).pixels.clone();
  }
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(pictures[0], pictures[1]));
}

TEST(FirstPicture, ATagInAPlainPromptIsAWarning) {
  NodeWorkshop w;
  ran(w, changed("6.text", "<lora:ink:1> a house"));
  EXPECT_THAT(w.warnings, HasSubstr("put LoraTags before it"));
}

TEST(FirstPicture, AnEmbeddingThatIsNotThereIsAWarning) {
  NodeWorkshop w;
  ran(w, changed("6.text", "embedding:nothing a house"));
  EXPECT_THAT(w.warnings, HasSubstr("no embedding \"nothing\""));
}

TEST(FirstPicture, AnEmbeddingChangesThePromptAndItsFileTheKey) {
  NodeWorkshop w;
  const auto folder = w.folder / "models/embeddings";
  std::filesystem::create_directories(folder);
  w.workshop.folders.models["embeddings"] = {folder};
  const auto write = [&](float value) {
    write_file_atomically(folder / "cat.safetensors",
                          weights::safetensors_bytes({{"emb_params", at::full({2, 128}, value)}}, {}));
  };
  write(0.1f);
  const Graph with = changed("6.text", "embedding:cat a house");
  const at::Tensor first = w.value<diffusion::Conditioning>(with, "6", 0)[0].cross_attention.clone();
  EXPECT_FALSE(at::equal(first, w.value<diffusion::Conditioning>(changed("6.text", "a house"), "6", 0)[0].cross_attention));
  write(0.2f);
  EXPECT_FALSE(at::equal(first, w.value<diffusion::Conditioning>(with, "6", 0)[0].cross_attention));
  EXPECT_EQ(w.warnings, "");
}

}  // namespace
}  // namespace heddle
