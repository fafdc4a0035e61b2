#include "nodes/diffusion/prompt.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "nodes/diffusion/embedding.h"
#include "nodes/diffusion/tokenizer.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using heddle::test::golden_json;
using heddle::test::golden_tensors;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using json = nlohmann::json;

/// The files of tests/golden/text/embeddings.
class Files {
 public:
  Files() {
    for (const char* name : {"alpha", "beta", "big", "wide", "xl"})
      add(name, std::string(name) + ".safetensors");
    add("gamma", "sub/gamma.safetensors");
    add("sub/gamma", "sub/gamma.safetensors");
    add("delta", "delta.converted.safetensors");
    names_["alpha.safetensors"] = names_.at("alpha");
    names_["delta.pt"] = names_.at("delta");
  }

  FindEmbedding finder(EmbeddingUse use, bool all_fit = false) const {
    return [this, use, all_fit](const std::string& name) -> std::optional<Embedding> {
      const auto found = names_.find(name);
      if (found == names_.end()) return std::nullopt;
      const auto& tensors = files_.at(found->second);
      Embedding embedding = pick_embedding(NamedTensors(tensors.begin(), tensors.end()), name, use);
      if (all_fit) embedding.fits = true;
      return embedding;
    };
  }

  /// The row that the golden file calls "FILE:KEY:ROW".
  at::Tensor row(const std::string& label) const {
    const size_t key = label.find(':'), row = label.rfind(':');
    std::string file = label.substr(0, key), name = label.substr(key + 1, row - key - 1);
    if (file == "gamma.safetensors") file = "sub/" + file;
    if (file == "delta.pt") file = "delta.converted.safetensors", name = "string_to_param." + name;
    const at::Tensor tensor = files_.at(file).at(name);
    return tensor.reshape({-1, tensor.size(-1)})[std::stoi(label.substr(row + 1))];
  }

 private:
  void add(const std::string& name, const std::string& file) {
    names_[name] = file;
    files_[file] = golden_tensors("text/embeddings/" + file);
  }

  std::map<std::string, std::string> names_;
  std::map<std::string, heddle::test::Tensors> files_;
};

json golden_cases() { return golden_json("text/prompts.json").at("cases"); }

/// Runs [value, count] in full.
std::vector<json> unroll(const json& runs) {
  std::vector<json> values;
  for (const auto& run : runs) values.insert(values.end(), run[1].get<size_t>(), run[0]);
  return values;
}

bool is_finite(const json& example) {
  for (const auto& segment : example["segments"]) {
    if (!segment[1].is_number()) return false;  // "inf", "nan"
  }
  return true;
}

void expect_token(const Token& token, const json& expected, const TokenChunks& tokens,
                  const Files& files) {
  if (expected.is_number()) {
    EXPECT_EQ(token.embedding, -1);
    EXPECT_EQ(token.id, expected.get<int>());
    return;
  }
  ASSERT_GE(token.embedding, 0) << expected;
  const at::Tensor row = tokens.embeddings.at(size_t(token.embedding)).rows[token.row];
  EXPECT_TRUE(at::equal(row, files.row(expected))) << expected;
}

void expect_chunks(const TokenChunks& tokens, const json& expected, const Files& files) {
  ASSERT_EQ(tokens.chunks.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::vector<json> ids = unroll(expected[i]["ids"]);
    ASSERT_EQ(tokens.chunks[i].size(), ids.size());
    for (size_t j = 0; j < ids.size(); ++j) {
      SCOPED_TRACE("chunk " + std::to_string(i) + ", token " + std::to_string(j));
      expect_token(tokens.chunks[i][j], ids[j], tokens, files);
    }
    if (!expected[i].contains("weights")) continue;
    const std::vector<json> weights = unroll(expected[i]["weights"]);
    for (size_t j = 0; j < weights.size(); ++j)
      EXPECT_EQ(tokens.chunks[i][j].weight, weights[j].get<double>());
  }
}

int end_of(const std::vector<Token>& chunk) {
  int i = 0;
  while (chunk[size_t(i)].embedding >= 0 || chunk[size_t(i)].id != kEndToken) ++i;
  return i;
}

TEST(Prompt, GoldenTextsBecomeTheirSegments) {
  int compared = 0;
  for (const auto& example : golden_cases()) {
    SCOPED_TRACE(example["text"].dump());
    if (!is_finite(example)) continue;
    const std::vector<Segment> segments = parse_prompt(example["text"].get<std::string>());
    ASSERT_EQ(segments.size(), example["segments"].size());
    for (size_t i = 0; i < segments.size(); ++i) {
      EXPECT_EQ(segments[i].text, example["segments"][i][0].get<std::string>());
      EXPECT_EQ(segments[i].weight, example["segments"][i][1].get<double>());
    }
    ++compared;
  }
  EXPECT_EQ(compared, 234);
}

TEST(Prompt, GoldenTextsBecomeTheirChunks) {
  const Files files;
  const std::tuple<const char*, int, EmbeddingUse> encoders[] = {
      {"L", kEndToken, {"clip_l", 768}}, {"G", 0, {"clip_g", 1280}}, {"H", 0, {"clip_h", 1024}}};
  int compared = 0;
  for (const auto& example : golden_cases()) {
    for (const auto& [name, pad, use] : encoders) {
      if (!example.contains(name) || !is_finite(example)) continue;
      SCOPED_TRACE(std::string(name) + " " + example["text"].dump());
      const std::string text = example["text"];
      const FindEmbedding find =
          files.finder(use, /*all_fit=*/true);  // golden ids still hold what does not fit
      if (example[name].contains("error")) {
        EXPECT_THROW(tokenize_prompt(text, pad, find), std::invalid_argument);
      } else {
        expect_chunks(tokenize_prompt(text, pad, find), example[name], files);
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 234 * 2 + 42);
}

TEST(Prompt, TheFirstEndTokenIsWhereTheReferenceFindsIt) {
  const Files files;
  for (const auto& example : golden_cases()) {
    if (!example.contains("pooled_index") || !is_finite(example)) continue;
    const TokenChunks tokens = tokenize_prompt(example["text"].get<std::string>(), kEndToken,
                                               files.finder({"clip_l", 768}));
    std::vector<int> ends;
    for (const auto& chunk : tokens.chunks) ends.push_back(end_of(chunk));
    EXPECT_EQ(json(ends), example["pooled_index"]) << example["text"];
  }
}

TEST(Prompt, AWeightThatIsNotFiniteIsAnErrorThatShowsIt) {
  for (const char* text : {"(a:inf)", "b (a:nan)", "(a:-inf)", "(a:1e400)", "(a:1e39)"}) {
    EXPECT_THROW(parse_prompt(text), std::invalid_argument) << text;
  }
  try {
    tokenize_prompt("a (red:inf) fox", kEndToken, {});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("\"red\" is inf"), HasSubstr("(cat:1.2)")));
  }
}

TEST(Prompt, AnEmptyGroupMayHaveAnyWeight) {
  EXPECT_THAT(parse_prompt("((a:2):inf)"), ElementsAre(::testing::Field(&Segment::weight, 2)));
}

TEST(Prompt, TheErrorForALongTextQuotesWholeCharacters) {
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text += "\u732b";
  try {
    parse_prompt("(" + text + ":inf)");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NO_THROW(json(error.what()).dump());  // throws for text that is not UTF-8
    EXPECT_LT(std::string(error.what()).size(), 200u);
  }
}

TEST(Prompt, ParenthesesMayBeNestedAHundredThousandDeep) {
  constexpr size_t kDepth = 100'000;
  const std::string open(kDepth, '('), close(kDepth, ')');
  const std::vector<Segment> weighted = parse_prompt(open + "a:0.5" + close);
  ASSERT_EQ(weighted.size(), 1u);
  EXPECT_EQ(weighted[0].text, "a");
  EXPECT_EQ(weighted[0].weight, 0.5);

  const std::vector<Segment> unclosed = parse_prompt(open + "a");
  ASSERT_EQ(unclosed.size(), 1u);
  EXPECT_EQ(unclosed[0].text, open + "a");

  EXPECT_THAT(parse_prompt(open + close), IsEmpty());
  EXPECT_THROW(parse_prompt(open + "a" + close),
               std::invalid_argument);  // 1.1 to that power is infinite
}

// One parenthesis too few at every level: each is a group only because its text ends in ")".
TEST(Prompt, UnclosedGroupsMayBeNestedAHundredThousandDeep) {
  constexpr size_t kDepth = 100'000;
  const std::vector<Segment> segments =
      parse_prompt(std::string(2 * kDepth, '(') + "a:0.5" + std::string(kDepth, ')'));
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].text, std::string(kDepth, '(') + "a");
  EXPECT_EQ(segments[0].weight, 0.5);
}

TEST(Prompt, EmbeddingsThatAreNotFoundAreReportedOnce) {
  const Files files;
  const TokenChunks tokens =
      tokenize_prompt("embedding:nope, a embedding:alpha embedding:nope, embedding:,,", kEndToken,
                      files.finder({"clip_l", 768}));
  EXPECT_THAT(tokens.missing, ElementsAre("nope,", ",,"));
  EXPECT_EQ(tokens.embeddings.size(), 1u);
  EXPECT_THAT(tokens.misfits, IsEmpty());
}

TEST(Prompt, WithoutAFinderNoEmbeddingIsFound) {
  EXPECT_THAT(tokenize_prompt("embedding:alpha", kEndToken, {}).missing, ElementsAre("alpha"));
}

TEST(Prompt, AnEmbeddingIsAskedForOnce) {
  int asked = 0;
  const FindEmbedding find = [&](const std::string& name) {
    ++asked;
    return std::optional(Embedding{name, at::zeros({2, 4})});
  };
  const TokenChunks tokens =
      tokenize_prompt("embedding:x embedding:x (embedding:x:2)", kEndToken, find);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(tokens.embeddings.size(), 1u);
  EXPECT_EQ(end_of(tokens.chunks[0]), 7);
}

TEST(Prompt, AnEmbeddingOfAnotherWidthIsLeftOutAndReported) {
  const Files files;
  const TokenChunks tokens =
      tokenize_prompt("(embedding:wide:1.5) (cat:0.5)", 0, files.finder({"clip_l", 768}));
  EXPECT_THAT(tokens.misfits, ElementsAre("wide"));
  EXPECT_THAT(tokens.missing, IsEmpty());
  const std::vector<Token>& chunk = tokens.chunks[0];
  ASSERT_EQ(chunk.size(), 77u);
  EXPECT_EQ(chunk[1].id, 2368);  // "cat" has moved up
  EXPECT_EQ(chunk[2].id, kEndToken);
  EXPECT_EQ(chunk[76].id, 0);
  EXPECT_EQ(chunk[1].weight, 1.5);  // and weights have not
  EXPECT_EQ(chunk[2].weight, 0.5);
}

TEST(Prompt, AnEmbeddingWithoutANameIsAnErrorThatSaysWhatToWrite) {
  for (const char* text :
       {"embedding:", "cat embedding: \n", "a (embedding:)", "embedding: embedding:x"}) {
    try {
      tokenize_prompt(text, kEndToken, {});
      FAIL() << text;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr("embedding:NAME"));
    }
  }
}

}  // namespace
}  // namespace heddle::diffusion
