// Embeddings of every format in prompts of the first picture, whose text encoder is 128 wide.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "tests/nodes/weights/torch_files.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

namespace p = weights::test::pickle;
using ::testing::AllOf;
using ::testing::HasSubstr;

class EmbeddingsTest : public ::testing::Test {
 protected:
  EmbeddingsTest() {
    std::filesystem::create_directories(folder_ / "sub");
    w_.workshop.folders.models["embeddings"] = {folder_};
  }
  void write(const std::string& name, const std::string& bytes) { write_file_atomically(folder_ / name, bytes); }
  void write_safetensors(const std::string& name, const std::map<std::string, at::Tensor>& tensors) {
    write(name, weights::safetensors_bytes(tensors, {}));
  }
  at::Tensor encoded(const std::string& text) {
    Graph graph = test::graph_file(std::filesystem::path(HEDDLE_SOURCE_DIR) / "graphs/first_picture.json");
    test::input_of(graph, "6.text").literal = text;
    return w_.value<diffusion::Conditioning>(graph, "6", 0)[0].cross_attention.clone();
  }
  std::string error(const std::string& text) {
    try {
      encoded(text);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "no error";
  }

  test::NodeWorkshop w_;
  std::filesystem::path folder_ = w_.folder / "models/embeddings";
};

TEST_F(EmbeddingsTest, EveryFormatGivesTheSameByNameWithAndWithoutExtension) {
  const std::vector<float> values(256, 0.1f);
  const std::string tensor = p::tensor(p::storage("0", 256), 0, {2, 128}, {128, 1});
  const std::string trained = p::dict({p::text("string_to_token"), p::dict({p::text("*"), p::number(265)}),
                                       p::text("string_to_param"), p::dict({p::text("*"), tensor}), p::text("name"),
                                       p::text("cat")});
  const std::string bytes = weights::test::float_bytes(values);
  write_safetensors("first.safetensors", {{"emb_params", at::full({2, 128}, 0.1f)}});
  write("second.pt", weights::test::torch_zip(trained, {{"0", bytes}}));
  write("sub/third.bin", weights::test::torch_legacy(p::dict({p::text("<cat>"), tensor}), {{"0", bytes}}));
  write("list.pt", weights::test::torch_zip(p::list({p::dict({p::text("emb"), tensor})}), {{"0", bytes}}));
  const at::Tensor expected = encoded("embedding:first a house");
  EXPECT_FALSE(at::equal(expected, encoded("a house")));
  for (const char* name : {"first.safetensors", "second", "second.pt", "third", "third.bin", "sub/third.bin", "list"}) {
    EXPECT_TRUE(at::equal(encoded(std::string("embedding:") + name + " a house"), expected)) << name;
    EXPECT_EQ(w_.warnings, "") << name;
  }
}

TEST_F(EmbeddingsTest, OfAFileForTwoEncodersEachTakesItsOwn) {
  write_safetensors("one.safetensors", {{"emb_params", at::full({2, 128}, 0.1f)}});
  write_safetensors("two.safetensors", {{"clip_g", at::full({3, 160}, 0.9f)}, {"clip_l", at::full({2, 128}, 0.1f)}});
  EXPECT_TRUE(at::equal(encoded("embedding:two a house"), encoded("embedding:one a house")));
}

TEST_F(EmbeddingsTest, AnotherWidthIsAWarning) {
  write_safetensors("wide.safetensors", {{"emb_params", at::ones({2, 1024})}});
  encoded("embedding:wide a house");
  EXPECT_THAT(w_.warnings, HasSubstr("the embedding \"wide\" is for another text encoder"));
}

TEST_F(EmbeddingsTest, BrokenFilesAreErrorsThatNameThem) {
  write_safetensors("nan.safetensors", {{"emb_params", at::full({2, 128}, NAN)}});
  write("empty.pt", weights::test::torch_zip(p::dict({p::text("name"), p::text("x")}), {}));
  write("evil.pt", weights::test::torch_zip(p::call(p::global("os", "system"), {p::text("ls")}), {}));
  EXPECT_THAT(error("embedding:nan a house"), AllOf(HasSubstr("\"nan\""), HasSubstr("NaN")));
  EXPECT_THAT(error("embedding:empty a house"), AllOf(HasSubstr("\"empty\""), HasSubstr("no tensors")));
  EXPECT_THAT(error("embedding:evil a house"), AllOf(HasSubstr("evil.pt"), HasSubstr("\"os.system\"")));
}

}  // namespace
}  // namespace heddle
