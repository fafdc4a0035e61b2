#include "engine/exif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace heddle {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

enum class ByteOrder { kLittle, kBig };

std::string number(uint64_t value, int bytes, ByteOrder order) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    const int byte = order == ByteOrder::kLittle ? i : bytes - 1 - i;
    text += static_cast<char>(value >> (8 * byte) & 0xFF);
  }
  return text;
}

struct Field {
  int tag, type;
  uint32_t count;
  std::string value;  // behind the folder if it is longer than 4 bytes
};

Field ascii(int tag, const std::string& text) {
  return {tag, 2, uint32_t(text.size() + 1), text + '\0'};
}
Field comment(const std::string& value) { return {0x9286, 7, uint32_t(value.size()), value}; }

std::string block(const std::vector<Field>& fields, ByteOrder order) {
  std::string bytes = (order == ByteOrder::kLittle ? "II*\0"s : "MM\0*"s) + number(8, 4, order);
  bytes += number(fields.size(), 2, order);
  std::string values;
  for (const Field& field : fields) {
    bytes +=
        number(field.tag, 2, order) + number(field.type, 2, order) + number(field.count, 4, order);
    if (field.value.size() <= 4) {
      bytes += field.value + std::string(4 - field.value.size(), '\0');
    } else {
      bytes += number(8 + 2 + 12 * fields.size() + 4 + values.size(), 4, order);
      values += field.value;
    }
  }
  return bytes + number(0, 4, order) + values;
}

std::string utf16(const std::u16string& text, ByteOrder order) {
  std::string bytes;
  for (char16_t unit : text) bytes += number(unit, 2, order);
  return bytes;
}

std::string exif_error(const std::function<void()>& deed) {
  try {
    deed();
  } catch (const ImageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Exif, TextsComeBackWithThePromptFirstAndTheParametersLast) {
  const ImageTexts texts = {{"heddle", "{\"version\": 1}"},
                            {"parameters", "a café\nSteps: 20"},
                            {"workflow", "{}"},
                            {"prompt", "{\"3\": {}}"},
                            {"empty", ""},
                            {"colons", "a: b: c"}};
  EXPECT_THAT(parse_exif(make_exif(texts)).texts,
              ElementsAre(Pair("prompt", "{\"3\": {}}"), Pair("workflow", "{}"),
                          Pair("heddle", "{\"version\": 1}"), Pair("empty", ""),
                          Pair("colons", "a: b: c"), Pair("parameters", "a café\nSteps: 20")));
}

TEST(Exif, TextsStandWhereComfyUIPutsThem) {
  const std::string exif = make_exif({{"prompt", "{}"}, {"workflow", "[]"}});
  EXPECT_EQ(exif, block({ascii(0x010F, "workflow:[]"), ascii(0x0110, "prompt:{}")}, ByteOrder::kBig));
}

TEST(Exif, ASecondTextOfAKindIsKept) {
  const ImageTexts texts = {
      {"prompt", "1"}, {"prompt", "2"}, {"parameters", "3"}, {"parameters", "4"}};
  EXPECT_THAT(parse_exif(make_exif(texts)).texts,
              ElementsAre(Pair("prompt", "1"), Pair("prompt", "2"), Pair("parameters", "4"),
                          Pair("parameters", "3")));
}

TEST(Exif, KeysAreFoundInAnyCaseAndWithASpaceBehind) {
  for (ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    const auto exif =
        block({ascii(0x010E, "Workflow: {\"a\": 1}"), ascii(0x010F, "PROMPT:  {}")}, order);
    EXPECT_THAT(parse_exif(exif).texts,
                ElementsAre(Pair("prompt", "{}"), Pair("workflow", "{\"a\": 1}")));
  }
}

TEST(Exif, CameraTagsAreNoTexts) {
  const auto exif = block(
      {ascii(0x010E, ""), ascii(0x010F, "Canon"), ascii(0x0110, ":-)"), ascii(0x0131, "gimp: 2")},
      ByteOrder::kLittle);
  EXPECT_THAT(parse_exif(exif).texts, IsEmpty());
}

TEST(Exif, ALatin1TextBecomesUtf8) {
  const auto exif = block({ascii(0x010E, "note:caf\xE9")}, ByteOrder::kLittle);
  EXPECT_THAT(parse_exif(exif).texts, ElementsAre(Pair("note", "café")));
}

TEST(Exif, AUserCommentIsReadInEitherByteOrderWhateverTheBlockSays) {
  for (ByteOrder whole : {ByteOrder::kLittle, ByteOrder::kBig}) {
    for (ByteOrder units : {ByteOrder::kLittle, ByteOrder::kBig}) {
      const std::string value = "UNICODE\0"s + utf16(u"café 家 \U0001F3E0\nSteps: 20", units);
      EXPECT_THAT(parse_exif(block({comment(value)}, whole)).texts,
                  ElementsAre(Pair("parameters", "café 家 \U0001F3E0\nSteps: 20")));
    }
  }
}

TEST(Exif, WithNothingToGoByAUserCommentHasTheOrderOfTheBlockOrOfItsMark) {
  for (ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    const std::string plain = "UNICODE\0"s + utf16(u"家屋", order);
    EXPECT_THAT(parse_exif(block({comment(plain)}, order)).texts,
                ElementsAre(Pair("parameters", "家屋")));
    const std::string marked = "UNICODE\0"s + utf16(u"\uFEFF䄀䄀", order);
    EXPECT_THAT(parse_exif(block({comment(marked)}, ByteOrder::kBig)).texts,
                ElementsAre(Pair("parameters", "䄀䄀")));
  }
}

TEST(Exif, ParametersWhoseBytesLookLikeAsciiTheOtherWayRoundComeBack) {
  EXPECT_THAT(parse_exif(make_exif({{"parameters", "䄀䄀"}})).texts,
              ElementsAre(Pair("parameters", "䄀䄀")));
  EXPECT_THAT(parse_exif(make_exif({{"parameters", "\uFEFFé"}})).texts,
              ElementsAre(Pair("parameters", "\uFEFFé")));
}

TEST(Exif, AUserCommentInAsciiLosesItsPadding) {
  const auto exif = block({comment("ASCII\0\0\0Steps: 20\0\0\0"s)}, ByteOrder::kBig);
  EXPECT_THAT(parse_exif(exif).texts, ElementsAre(Pair("parameters", "Steps: 20")));
}

TEST(Exif, AUserCommentThatIsNoTextIsLeftOut) {
  for (const std::string& value :
       {"UNICODE\0"s + utf16(u"Steps\xD800 x", ByteOrder::kBig), "JIS\0\0\0\0\0abc"s, "ASCII"s,
        "UNICODE\0"s + utf16(u"Steps \xDC00", ByteOrder::kBig), "ASCII\0\0\0a\0b"s}) {
    EXPECT_THAT(parse_exif(block({comment(value)}, ByteOrder::kBig)).texts, IsEmpty());
  }
}

TEST(Exif, OrientationIsReadAndNonsenseIsUpright) {
  for (ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    const auto oriented = [&](uint64_t value) {
      return parse_exif(block({{0x0112, 3, 1, number(value, 2, order)}}, order)).orientation;
    };
    for (int i = 1; i <= 8; ++i) EXPECT_EQ(oriented(i), i);
    EXPECT_EQ(oriented(0), 1);
    EXPECT_EQ(oriented(9), 1);
  }
  EXPECT_EQ(parse_exif("").orientation, 1);
}

TEST(Exif, EntriesThatPointOutsideAreLeftOutAndTheOthersKept) {
  const ByteOrder order = ByteOrder::kLittle;
  std::vector<Field> fields = {ascii(0x010E, "note:kept"),
                               {0x010F, 2, 0xFFFFFFFF, number(8, 4, order)},
                               {0x0110, 2, 40, number(0xFFFFFFF0, 4, order)},
                               {0x0100, 77, 9, "abcd"}};
  EXPECT_THAT(parse_exif(block(fields, order)).texts, ElementsAre(Pair("note", "kept")));
}

TEST(Exif, AFolderThatPointsAtItselfEnds) {
  const ByteOrder order = ByteOrder::kLittle;
  const auto exif = block({ascii(0x010E, "note:kept"), {0x8769, 4, 1, number(8, 4, order)}}, order);
  EXPECT_THAT(parse_exif(exif).texts, ElementsAre(Pair("note", "kept")));
}

TEST(Exif, EntriesThatShareTheirBytesDoNotMultiplyThem) {
  const ByteOrder order = ByteOrder::kLittle;
  const std::string text = "note:" + std::string(100000, 'x');
  std::vector<Field> fields = {ascii(0x0001, text)};
  const uint32_t at = 8 + 2 + 12 * 200 + 4;
  for (int tag = 2; tag <= 200; ++tag)
    fields.push_back({tag, 2, uint32_t(text.size() + 1), number(at, 4, order)});
  EXPECT_THAT(parse_exif(block(fields, order)).texts,
              ElementsAre(Pair("note", std::string(100000, 'x'))));
}

TEST(Exif, NoTruncationDoesHarm) {
  const std::string exif = make_exif({{"prompt", "{}"}, {"parameters", "café"}, {"other", "text"}});
  for (size_t size = 0; size < exif.size(); ++size) {
    // A copy of just that size, so that a sanitizer sees a read behind it.
    const std::vector<char> copy(exif.begin(), exif.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_LE(parse_exif({copy.data(), copy.size()}).texts.size(), 3u);
  }
}

TEST(Exif, AKeywordWithAColonCannotBeWritten) {
  EXPECT_THAT(exif_error([] {
                make_exif({{"XML:com.adobe.xmp", "x"}});
              }),
              HasSubstr("the keyword \"XML:com.adobe.xmp\" has a colon"));
}

TEST(Exif, MoreTextsThanTagsCannotBeWritten) {
  const ImageTexts texts(271, {"key", "text"});
  EXPECT_THAT(exif_error([&] { make_exif(texts); }), HasSubstr("more texts than EXIF has room for"));
}

}  // namespace
}  // namespace heddle
