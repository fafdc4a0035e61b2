#include "nodes/diffusion/a1111_prompt.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <sstream>

#include "nodes/diffusion/tokenizer.h"

namespace heddle::diffusion::a1111 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// "a=1 b=1.1 BREAK c=1", weights in six digits.
std::string emphasis(std::string_view text) {
  std::ostringstream out;
  for (const Fragment& fragment : parse_emphasis(text)) {
    if (fragment.is_break) out << "/ ";
    if (!fragment.is_break) out << fragment.text << "=" << fragment.weight << " ";
  }
  return out.str();
}

TEST(A1111Emphasis, FollowsTheTableOfTheWiki) {
  EXPECT_EQ(emphasis("a (word)"), "a =1 word=1.1 ");
  EXPECT_EQ(emphasis("a ((word))"), "a =1 word=1.21 ");
  EXPECT_EQ(emphasis("a [word]"), "a =1 word=0.909091 ");
  EXPECT_EQ(emphasis("a (word:1.5)"), "a =1 word=1.5 ");
  EXPECT_EQ(emphasis("a (word:0.25)"), "a =1 word=0.25 ");
  EXPECT_EQ(emphasis(R"(a \(word\))"), "a (word)=1 ");
}

TEST(A1111Emphasis, MultipliesNestedWeights) {
  EXPECT_EQ(emphasis("(a (b:1.5):2)"), "a =2 b=3 ");
  EXPECT_EQ(emphasis("(a [b])"), "a =1.1 b=1 ");
  EXPECT_EQ(emphasis("[[a]]"), "a=0.826446 ");
  EXPECT_EQ(emphasis("((a:1.3))"), "a=1.43 ");
}

TEST(A1111Emphasis, ClosesAtTheEndWhatIsOpen) {
  EXPECT_EQ(emphasis("a (b (c"), "a =1 b =1.1 c=1.21 ");
  EXPECT_EQ(emphasis("a [b"), "a =1 b=0.909091 ");
}

TEST(A1111Emphasis, WhatClosesNothingIsLiteral) {
  EXPECT_EQ(emphasis("a) b] c:1.5) d"), "a) b] c:1.5) d=1 ");
  EXPECT_EQ(emphasis("12:30, a:b"), "12:30, a:b=1 ");
  EXPECT_EQ(emphasis("(a:b)"), "a:b=1.1 ");
}

TEST(A1111Emphasis, BackslashesEscapeBracketsAndThemselves) {
  EXPECT_EQ(emphasis(R"(\[a\] (b\):1.2))"), "[a] =1 b)=1.2 ");
  EXPECT_EQ(emphasis(R"(a\\b\c)"), R"(a\bc=1 )");
}

TEST(A1111Emphasis, BracketsOfTheTwoKindsMayOverlap) {
  EXPECT_EQ(emphasis("(a [b:2) c]"), "a =2 b=1.81818  c=0.909091 ");
}

TEST(A1111Emphasis, SpacesAndSignsBelongToWeights) {
  EXPECT_EQ(emphasis("(a: -1.5 )"), "a=-1.5 ");
  EXPECT_EQ(emphasis("(a:+.5)"), "a=0.5 ");
}

TEST(A1111Emphasis, BreakIsAWholeCapitalWord) {
  EXPECT_EQ(emphasis("a, BREAK b"), "a,=1 / b=1 ");
  EXPECT_EQ(emphasis("BREAK\nBREAK"), "/ / ");
  EXPECT_EQ(emphasis("(a BREAK b:1.2)"), "a=1.2 / b=1.2 ");
  EXPECT_EQ(emphasis("BREAKFAST break aBREAK"), "BREAKFAST break aBREAK=1 ");
}

TEST(A1111Emphasis, AWeightThatIsNoFiniteNumberIsAnError) {
  for (const char* text :
       {"(cat:1.2.3)", "(cat:.)", "((cat:1e30:99999999999999999999999999999999999999999))"}) {
    EXPECT_THAT([&] { parse_emphasis(text); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("not a finite number")))
        << text;
  }
}

TEST(A1111Emphasis, IsLinearInDeepAndLongTexts) {
  const size_t size = size_t{1} << 20;
  EXPECT_THROW(parse_emphasis(std::string(size, '(') + "a"), std::invalid_argument);
  EXPECT_EQ(parse_emphasis(std::string(size, '[') + "a").size(), 1u);
  std::string wide;
  for (size_t i = 0; i < size / 8; ++i) wide += "[(x:1)]y";
  EXPECT_EQ(parse_emphasis(wide).size(), size / 4);
  EXPECT_EQ(parse_emphasis(std::string(size, ':')).size(), 1u);
}

// "text@weight|..."
std::string parts(std::string_view text) {
  std::ostringstream out;
  for (const WeightedPrompt& prompt : split_prompts(text)) {
    out << prompt.text << "@" << prompt.weight << "|";
  }
  return out.str();
}

TEST(A1111Composition, AndJoinsPromptsWithWeights) {
  EXPECT_EQ(parts("a cat AND a dog"), "a cat@1|a dog@1|");
  EXPECT_EQ(parts("a cat :1.2 AND a dog AND a penguin :2.2"), "a cat@1.2|a dog@1|a penguin@2.2|");
  EXPECT_EQ(parts("woods:0.7 AND arcane:0.5 AND glitch: -.2 "),
            "woods@0.7|arcane@0.5|glitch@-0.2|");
  EXPECT_EQ(parts("a AND"), "a@1|@1|");
}

TEST(A1111Composition, OnlyTheCapitalWordSplits) {
  EXPECT_EQ(parts("a cat and a dog"), "a cat and a dog@1|");
  EXPECT_EQ(parts("BAND ANDY"), "BAND ANDY@1|");
  EXPECT_EQ(parts("a,AND,b"), "a,@1|,b@1|");
}

TEST(A1111Composition, OnlyANumberAtTheEndIsAWeight) {
  EXPECT_EQ(parts("(cat:1.2)"), "(cat:1.2)@1|");
  EXPECT_EQ(parts("[a:b:0.5] AND c:d"), "[a:b:0.5]@1|c:d@1|");
  EXPECT_EQ(parts("a:1e3 AND b:inf AND c:"), "a:1e3@1|b:inf@1|c:@1|");
}

// The texts with the steps they are for, counted from 1: "cow:1,3 horse:2 "
std::string schedule(std::string_view text, int steps, int before = 0) {
  std::string out;
  for (const Variant& variant : schedule_prompt(text, {steps, before})) {
    out += variant.text + ":";
    for (size_t i = 0; i < variant.steps.size(); ++i) {
      if (variant.steps[i]) out += (out.back() == ':' ? "" : ",") + std::to_string(i + 1);
    }
    out += " ";
  }
  return out;
}

// The text at one step, counted from 1.
std::string text_at(std::string_view text, int steps, int step) {
  for (const Variant& variant : schedule_prompt(text, {steps})) {
    if (variant.steps[size_t(step - 1)]) return variant.text;
  }
  return "none";
}

TEST(A1111Schedule, SwitchesAfterTheStepThatIsNamed) {
  EXPECT_EQ(text_at("a [fantasy:cyberpunk:16] landscape", 20, 16), "a fantasy landscape");
  EXPECT_EQ(text_at("a [fantasy:cyberpunk:16] landscape", 20, 17), "a cyberpunk landscape");
}

TEST(A1111Schedule, FollowsTheLongExampleOfTheWiki) {
  const char* text =
      "fantasy landscape with a [mountain:lake:0.25] and [an oak:a christmas tree:0.75]"
      "[ in foreground::0.6][ in background:0.25] [shoddy:masterful:0.5]";
  const auto at = [&](int step) { return text_at(text, 100, step); };
  const std::string begin = "fantasy landscape with a ";
  EXPECT_EQ(at(1), begin + "mountain and an oak in foreground shoddy");
  EXPECT_EQ(at(25), begin + "mountain and an oak in foreground shoddy");
  EXPECT_EQ(at(26), begin + "lake and an oak in foreground in background shoddy");
  EXPECT_EQ(at(51), begin + "lake and an oak in foreground in background masterful");
  EXPECT_EQ(at(61), begin + "lake and an oak in background masterful");
  EXPECT_EQ(at(76), begin + "lake and a christmas tree in background masterful");
  EXPECT_EQ(schedule_prompt(text, {100}).size(), 5u);
}

TEST(A1111Schedule, ADecimalPointMakesAShare) {
  EXPECT_EQ(schedule("[a:b:1]", 3), "a:1 b:2,3 ");
  EXPECT_EQ(schedule("[a:b:1.0]", 3), "a:1,2,3 ");
  EXPECT_EQ(schedule("[a:b: .5 ]", 4), "a:1,2 b:3,4 ");
  EXPECT_EQ(schedule("[a:b:0]", 2), "b:1,2 ");
  EXPECT_EQ(schedule("[a:b:0.0]", 2), "b:1,2 ");
  EXPECT_EQ(schedule("[a:b:99]", 2), "a:1,2 ");
}

TEST(A1111Schedule, AddsAndTakesAway) {
  EXPECT_EQ(schedule("x[y:1]", 2), "x:1 xy:2 ");
  EXPECT_EQ(schedule("x[y::1]", 2), "xy:1 x:2 ");
  EXPECT_EQ(schedule("x[:y:1]", 2), "x:1 xy:2 ");
}

TEST(A1111Schedule, AlternatesEachStep) {
  EXPECT_EQ(schedule("[cow|horse] in a field", 4), "cow in a field:1,3 horse in a field:2,4 ");
  EXPECT_EQ(schedule("[cow|cow|horse|man|siberian tiger|ox|man]", 8),
            "cow:1,2,8 horse:3 man:4,7 siberian tiger:5 ox:6 ");
  EXPECT_EQ(schedule("a[|b]", 2), "a:1 ab:2 ");
}

TEST(A1111Schedule, Nests) {
  EXPECT_EQ(schedule("[[a:b:1]:c:2]", 3), "a:1 b:2 c:3 ");
  EXPECT_EQ(schedule("[a|[b:c:2]]", 4), "a:1,3 b:2 c:4 ");
  EXPECT_EQ(schedule("(x [a|b]:1.3)", 2), "(x a:1.3):1 (x b:1.3):2 ");
  EXPECT_EQ(schedule("[(a:1.2):(b:1.4):1]", 2), "(a:1.2):1 (b:1.4):2 ");
}

TEST(A1111Schedule, EverythingElseStaysAsWritten) {
  for (const char* text : {"[a]", "[a:b]", "a:b:0.5", "a|b", "[a:b:c:1]", "[a:b|c:1]", "[a:b:0.5",
                           "a:b:0.5]", "(a|b)", "[a (b:c:1]", R"(\[a:b:1\])", "", "[a:b:-1]"}) {
    const std::vector<Variant> variants = schedule_prompt(text, {2});
    ASSERT_EQ(variants.size(), 1u) << text;
    EXPECT_EQ(variants[0].text, text);
  }
}

TEST(A1111Schedule, ASecondPassGoesOnCounting) {
  EXPECT_EQ(schedule("[a:b:0.5]", 4, 10), "b:1,2,3,4 ");
  EXPECT_EQ(schedule("[a:b:1.5]", 4, 10), "a:1,2 b:3,4 ");
  EXPECT_EQ(schedule("[a:b:5]", 4, 10), "b:1,2,3,4 ");
  EXPECT_EQ(schedule("[a:b:13]", 4, 10), "a:1,2,3 b:4 ");
}

TEST(A1111Schedule, LongTextsAreReadOrRefusedInWords) {
  std::string deep(size_t{1} << 20, '[');
  EXPECT_EQ(schedule_prompt(deep, {20}).size(), 1u);
  for (size_t i = 0; i < deep.size() / 8; ++i) deep += ":b:1]";
  EXPECT_EQ(schedule_prompt(deep, {2}).size(), 2u);
  EXPECT_THAT(
      [&] { schedule_prompt(deep + "[a|b]", {10000}); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("too many to change at each of 10000 steps")));
  EXPECT_THROW(schedule_prompt("a", {0}), std::invalid_argument);
}

TokenChunks chunks(std::string_view text, const Embeddings& embeddings = {}, int pad = kEndToken) {
  return make_chunks(parse_emphasis(text), pad, embeddings);
}

std::string repeat(const std::string& word, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += word + " ";
  return text;
}

// How many tokens each chunk holds between start and end.
std::vector<int> sizes(const TokenChunks& tokens) {
  std::vector<int> sizes;
  for (const std::vector<Token>& chunk : tokens.chunks) {
    int size = 0;
    while (chunk[size_t(size) + 1].id != kEndToken || chunk[size_t(size) + 1].embedding >= 0)
      ++size;
    sizes.push_back(size);
  }
  return sizes;
}

TEST(A1111Chunks, FillSeventyFiveTokensAndGoOn) {
  EXPECT_THAT(sizes(chunks("")), ElementsAre(0));
  EXPECT_THAT(sizes(chunks(repeat("cat", 75))), ElementsAre(75));
  EXPECT_THAT(sizes(chunks(repeat("cat", 120))), ElementsAre(75, 45));
}

TEST(A1111Chunks, BreakPadsTheChunk) {
  const TokenChunks tokens = chunks("a cat BREAK dog", {}, 0);
  EXPECT_THAT(sizes(tokens), ElementsAre(2, 1));
  EXPECT_EQ(tokens.chunks[0].size(), 77u);
  EXPECT_EQ(tokens.chunks[0][3].id, kEndToken);
  EXPECT_EQ(tokens.chunks[0][4].id, 0);
  EXPECT_THAT(sizes(chunks("cat BREAK")), ElementsAre(1));
}

TEST(A1111Chunks, AFullChunkBreaksBehindACommaNearItsEnd) {
  EXPECT_THAT(sizes(chunks(repeat("cat", 60) + "," + repeat("dog", 20))), ElementsAre(61, 20));
  EXPECT_THAT(sizes(chunks(repeat("cat", 54) + "," + repeat("dog", 30))), ElementsAre(75, 10))
      << "the comma lies further back than 20 tokens";
  EXPECT_THAT(sizes(chunks(repeat("cat", 55) + "," + repeat("dog", 30))), ElementsAre(56, 30));
  EXPECT_THAT(sizes(chunks(repeat("cat", 74) + "," + repeat("dog", 3))), ElementsAre(75, 3));
  EXPECT_THAT(sizes(chunks(repeat("cat", 60) + "," + repeat("dog", 14))), ElementsAre(75))
      << "a full chunk with nothing behind stays";
}

TEST(A1111Chunks, WeightsFollowTheTokens) {
  const TokenChunks tokens = chunks("a (cat:1.5)");
  EXPECT_EQ(tokens.chunks[0][0].weight, 1);
  EXPECT_EQ(tokens.chunks[0][1].weight, 1);
  EXPECT_EQ(tokens.chunks[0][2].weight, 1.5);
  EXPECT_EQ(tokens.chunks[0][3].weight, 1);
}

Embeddings three_rows(std::vector<std::string> names, bool fits = true) {
  return {std::move(names), [fits](const std::string& name) {
            return std::optional<Embedding>({name, at::zeros({3, 4}), fits});
          }};
}

TEST(A1111Chunks, EmbeddingsStandByTheirPlainNames) {
  const TokenChunks tokens =
      chunks("a (Bad Hands:1.5), cat", three_rows({"badhands", "bad hands"}));
  ASSERT_EQ(tokens.embeddings.size(), 1u);
  EXPECT_EQ(tokens.embeddings[0].name, "bad hands");
  EXPECT_THAT(sizes(tokens), ElementsAre(6));  // a, three rows, comma, cat
  EXPECT_EQ(tokens.chunks[0][2].embedding, 0);
  EXPECT_EQ(tokens.chunks[0][4].row, 2);
  EXPECT_EQ(tokens.chunks[0][4].weight, 1.5);
}

TEST(A1111Chunks, TheLongestNameCounts) {
  const TokenChunks tokens = chunks("red house", three_rows({"red", "red house"}));
  ASSERT_EQ(tokens.embeddings.size(), 1u);
  EXPECT_EQ(tokens.embeddings[0].name, "red house");
}

TEST(A1111Chunks, AnEmbeddingIsNeverCut) {
  EXPECT_THAT(sizes(chunks(repeat("cat", 74) + "red", three_rows({"red"}))), ElementsAre(74, 3));
}

TEST(A1111Chunks, AnEmbeddingOfAnotherWidthIsReadAsWords) {
  const TokenChunks tokens = chunks("red red", three_rows({"red"}, false));
  EXPECT_THAT(tokens.misfits, ElementsAre("red"));
  EXPECT_THAT(sizes(tokens), ElementsAre(2));
}

}  // namespace
}  // namespace heddle::diffusion::a1111
