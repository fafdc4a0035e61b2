#include "nodes/diffusion/tokenizer.h"

#include <gmock/gmock.h>

#include "nodes/diffusion/byte_pairs.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tokenizer, WordsBecomeTheIdsOfClip) {
  EXPECT_THAT(tokenize("a photo of a cat"), ElementsAre(320, 1125, 539, 320, 2368));
  EXPECT_THAT(tokenize("masterpiece, best quality, 1girl"),
              ElementsAre(12066, 267, 949, 3027, 267, 272, 1611));
  EXPECT_THAT(tokenize("Hello World!"), ElementsAre(3306, 1002, 256));
  EXPECT_THAT(tokenize("café 3.14"), ElementsAre(15304, 274, 269, 272, 275));
}

// Every golden prompt that is one run of text in one chunk; tests of prompts cover the others.
TEST(Tokenizer, GoldenTextsBecomeTheirIds) {
  int compared = 0;
  const auto golden = heddle::test::golden_json("text/prompts.json");
  for (const auto& example : golden.at("cases")) {
    const std::string id = example["id"];
    const bool is_plain = example["segments"].size() == 1 && !id.starts_with("embeddings");
    if (!is_plain || example["G"].size() != 1) continue;
    std::vector<int> ids = tokenize(example["segments"][0][0].get<std::string>());
    ids.insert(ids.begin(), kStartToken);
    ids.push_back(kEndToken);
    ids.resize(77);  // OpenCLIP's padding is 0
    std::vector<int> expected;
    for (const auto& run : example["G"][0]["ids"])
      expected.insert(expected.end(), run[1].get<size_t>(), run[0]);
    EXPECT_EQ(ids, expected) << id << ": " << example["text"];
    ++compared;
  }
  EXPECT_GT(compared, 140);
}

TEST(Tokenizer, EmptyTextAndWhiteSpaceGiveNothing) {
  EXPECT_THAT(tokenize(""), ElementsAre());
  EXPECT_THAT(tokenize(" \t\r\n\u00a0\u3000"), ElementsAre());
}

TEST(Tokenizer, SpecialsAreOnlySpecialAsTheyAreWritten) {
  EXPECT_THAT(tokenize("<|startoftext|>cat<|endoftext|>"),
              ElementsAre(kStartToken, 2368, kEndToken));
  EXPECT_THAT(tokenize("<|ENDOFTEXT|>"), ElementsAre(27, 347, 40786, 4160, 91, 285));
}

TEST(Tokenizer, ASpecialInCapitalsEndsItsLastPiece) {
  std::vector<int> expected = tokenize("<|ENDOFTEXT|>");
  for (int id : tokenize("!!")) expected.push_back(id);
  EXPECT_EQ(tokenize("<|ENDOFTEXT|>!!"), expected);
  EXPECT_NE(tokenize("<|ENDOFTEX|>!!"), tokenize("<|ENDOFTEX|> !!"));  // other words do not
}

TEST(Tokenizer, MalformedUtf8ReadsAsTheReplacementCharacter) {
  EXPECT_EQ(tokenize("a\xff"
                     "b"),
            tokenize("a\ufffd"
                     "b"));
  EXPECT_EQ(tokenize("cat \xe7\x8c"), tokenize("cat \ufffd"));
}

TEST(Tokenizer, ALongRunOfOneLetterIsCutLikeAShortOne) {
  constexpr size_t kLetters = 1 << 20;
  const std::vector<int> ids = tokenize(std::string(kLetters, 'a'));
  const std::vector<int> some = tokenize(std::string(1 << 10, 'a'));
  ASSERT_GT(some.size(), 100u);
  EXPECT_EQ(std::vector<int>(ids.begin(), ids.begin() + 100),
            std::vector<int>(some.begin(), some.begin() + 100));
  EXPECT_EQ(ids.back(), some.back());
}

// With an algorithm that is quadratic in the number of marks this takes minutes.
TEST(Tokenizer, AMillionCombiningMarksAreOrderedLikeAFew) {
  std::string mixed = "a", ordered = "a";
  constexpr int kMarks = 200'000;
  for (int i = 0; i < kMarks; ++i)
    mixed += "\u0301\u0323";  // acute above, dot below: below comes first
  for (int i = 0; i < kMarks; ++i) ordered += "\u0323";
  for (int i = 0; i < kMarks; ++i) ordered += "\u0301";
  EXPECT_EQ(tokenize(mixed), tokenize(ordered));
  EXPECT_EQ(tokenize("a\u0301\u0323"), tokenize("\u1ea1\u0301"));
}

TEST(Tokenizer, MergesFollowTheOrderOfTheFile) {
  const BytePairs pairs("#version\nb c</w>\na b\nab c</w>\n");
  std::vector<int> ids;
  pairs.encode("abc", ids);
  EXPECT_THAT(ids, ElementsAre('a' - 33, 512));  // "bc</w>" was merged before "ab" could be
}

TEST(Tokenizer, AMergeOfUnknownSymbolsIsAnErrorThatNamesTheLine) {
  try {
    BytePairs pairs("#version\na b\nxyz a\n");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"xyz\" in line \"xyz a\""));
  }
}

}  // namespace
}  // namespace heddle::diffusion
