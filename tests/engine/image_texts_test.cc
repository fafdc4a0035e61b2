#include "engine/image_file.h"

#include <nlohmann/json.hpp>

#include "tests/engine/picture_bytes.h"

namespace heddle::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(ImageTexts, TextsOfAComfyUIPictureAreFound) {
  const auto texts =
      read_image_texts(read_file(kGolden / "pocket/expected/house.png"), "house.png");
  ASSERT_THAT(texts, SizeIs(1));
  EXPECT_EQ(texts[0].first, "prompt");
  EXPECT_EQ(json::parse(texts[0].second),
            json::parse(read_file(kGolden / "pocket/expected/house.json")));
}

TEST(ImageTexts, TextsOfOtherToolsAreFound) {
  const std::string parameters =
      "a café, 家\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, Seed: 1";
  EXPECT_THAT(texts_of(golden("a1111_big_endian.jpg")),
              ElementsAre(Pair("parameters", parameters)));
  EXPECT_THAT(texts_of(golden("a1111_little_endian.jpg")),
              ElementsAre(Pair("parameters", parameters)));
  EXPECT_THAT(texts_of(golden("described.jpg")),
              ElementsAre(Pair("workflow", R"({"nodes": [], "links": []})")));
  EXPECT_THAT(
      texts_of(golden("comfyui.webp")),
      ElementsAre(
          Pair("prompt",
               R"({"3": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615}}})"),
          Pair("workflow", R"({"nodes": [], "links": []})")));
  EXPECT_THAT(texts_of(golden("cmyk.jpg")), IsEmpty());
}

TEST(ImageTexts, EveryKindOfPngTextIsRead) {
  const std::string before = chunk("tEXt", "a\0caf\xE9"s) + chunk("tEXt", "b\0café"s) +
                             chunk("zTXt", "c\0\0"s + deflated("caf\xE9")) +
                             chunk("iTXt", "d\0\0\0en\0x\0家"s) +
                             chunk("iTXt", "e\0\1\0\0\0"s + deflated("家"));
  EXPECT_THAT(texts_of(pixel_png(before, chunk("comf", "prompt\0{}"s))),
              ElementsAre(Pair("a", "café"), Pair("b", "café"), Pair("c", "café"), Pair("d", "家"),
                          Pair("e", "家"), Pair("prompt", "{}")));
}

TEST(ImageTexts, DamagedTextsAreLeftOutAndTheOthersKept) {
  std::string wrong_crc = chunk("tEXt", "a\0b"s);
  wrong_crc.back() ^= 1;
  const std::string texts =
      wrong_crc + chunk("tEXt", "no end of the keyword") + chunk("tEXt", "\0no keyword"s) +
      chunk("tEXt", std::string(80, 'k') + "\0too long"s) + chunk("tEXt", "a\0b\0c"s) +
      chunk("zTXt", "k\0"s) + chunk("zTXt", "k\0\1"s + deflated("x")) +
      chunk("zTXt", "k\0\0junk"s) + chunk("zTXt", "k\0\0"s + deflated("cut").substr(0, 6)) +
      chunk("iTXt", "k\0\0"s) + chunk("iTXt", "k\0\2\0\0\0x"s) + chunk("iTXt", "k\0\0\0en\0x"s) +
      chunk("iTXt", "k\0\1\1\0\0"s + deflated("x")) + chunk("tEXt", "good\0one"s);
  EXPECT_THAT(texts_of(pixel_png(texts)), ElementsAre(Pair("good", "one")));
}

TEST(ImageTexts, TextsOfACutPictureAreFoundUpToTheCut) {
  const std::string bytes = pixel_png(chunk("tEXt", "a\0b"s) + chunk("tEXt", "c\0d"s));
  EXPECT_THAT(texts_of(bytes.substr(0, bytes.find("c\0d"s))), ElementsAre(Pair("a", "b")));
}

std::string large_text(const std::string& keyword, uint64_t size) {
  return chunk("zTXt", keyword + "\0\0"s + deflated(std::string(size, 'x')));
}

std::vector<std::string> keywords_of(const std::string& bytes) {
  std::vector<std::string> keywords;
  for (const auto& [keyword, text] : texts_of(bytes)) keywords.push_back(keyword);
  return keywords;
}

TEST(ImageTexts, ACompressedTextThatInflatesPastTheLimitIsLeftOut) {
  const auto last = chunk("tEXt", "last\0text"s);
  EXPECT_THAT(keywords_of(pixel_png(large_text("big", kMaxInflatedText) + last)),
              ElementsAre("big", "last"));
  EXPECT_THAT(keywords_of(pixel_png(large_text("big", kMaxInflatedText + 1) + last)),
              ElementsAre("last"));
}

TEST(ImageTexts, CompressedTextsShareOneLimit) {
  const std::string texts =
      large_text("a", kMaxInflatedText / 2 + 1) + large_text("b", kMaxInflatedText / 2);
  EXPECT_THAT(keywords_of(pixel_png(texts)), ElementsAre("a"));
}

TEST(ImageTexts, ReadingTheTextsOfARuinDoesNoHarm) {
  for (const std::string name :
       {"interlaced.png", "a1111_big_endian.jpg", "rotated.jpg", "comfyui.webp"}) {
    const std::string bytes = golden(name);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<char> copy(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      if (looks_like_picture({copy.data(), size})) read_image_texts({copy.data(), size}, "cut");
    }
  }
}

}  // namespace
}  // namespace heddle::test
