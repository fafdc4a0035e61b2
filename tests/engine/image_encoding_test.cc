#include "engine/image_file.h"

#include <cstdlib>

#include "tests/engine/picture_bytes.h"

namespace heddle::test {
namespace {

using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(ImageEncoding, APngComesBackAsItWas) {
  for (int channels : {3, 4}) {
    for (int compression : {0, 4, 9}) {
      const Picture picture = pattern(13, 7, channels);
      const Picture back = read_one(encode_png(picture, {}, compression));
      EXPECT_EQ(back.width, 13);
      EXPECT_EQ(back.height, 7);
      EXPECT_EQ(back.channels, channels);
      EXPECT_EQ(back.pixels, picture.pixels);
    }
  }
}

TEST(ImageEncoding, PngCompressionIsTheLevelThatWasAskedFor) {
  const Picture picture = pattern(64, 64, 3);
  EXPECT_GT(encode_png(picture, {}, 0).size(), 64u * 64u * 3u);
  EXPECT_LT(encode_png(picture, {}, 9).size(), encode_png(picture, {}, 1).size());
}

TEST(ImageEncoding, PngTextsStandBeforeThePixelsInTheirOrder) {
  const std::string bytes =
      encode_png(pattern(2, 2, 3), {{"workflow", "{}"}, {"prompt", "[]"}, {"note", "café"}});
  const std::string wanted = chunk("tEXt", "workflow\0{}"s) + chunk("tEXt", "prompt\0[]"s) +
                             chunk("iTXt", "note\0\0\0\0\0café"s);
  EXPECT_EQ(bytes.find(wanted), kSignature.size() + header(2, 2, 8, kRgb).size());
  EXPECT_LT(bytes.find(wanted), bytes.find("IDAT"));
}

TEST(ImageEncoding, AnyTextComesBackFromAnyFormat) {
  const ImageTexts texts = {{"prompt", "{\"3\": {}}"},     {"workflow", "{}"},
                            {"note", "caf\u00C3\u00A9"},   {"heddle", ""},
                            {"other", "line\nline: x 家"}, {"parameters", "é Steps: 20"}};
  const Picture picture = pattern(3, 2, 4);
  EXPECT_EQ(texts_of(encode_png(picture, texts)), texts);
  EXPECT_EQ(texts_of(encode_jpeg(picture, texts)), texts);
  EXPECT_EQ(texts_of(encode_webp(picture, texts)), texts);
  EXPECT_EQ(texts_of(encode_webp(picture, texts, 90, true)), texts);
}

TEST(ImageEncoding, WithoutTextsNoFormatHoldsAny) {
  const Picture picture = pattern(3, 2, 3);
  EXPECT_EQ(encode_png(picture, {}).find("EXt"), std::string::npos);
  EXPECT_EQ(encode_jpeg(picture, {}).find("Exif"), std::string::npos);
  EXPECT_EQ(encode_webp(picture, {}).find("EXIF"), std::string::npos);
}

TEST(ImageEncoding, ALosslessWebpComesBackAsItWasEvenWhereItIsTransparent) {
  Picture picture = pattern(13, 7, 4);
  for (size_t at = 3; at < picture.pixels.size(); at += 8) picture.pixels[at] = 0;
  EXPECT_EQ(read_one(encode_webp(picture, {{"a", "b"}}, 90, true)).pixels, picture.pixels);
}

TEST(ImageEncoding, LossyFormatsComeNear) {
  Picture picture = pattern(32, 32, 4);
  for (size_t at = 0; at < picture.pixels.size(); ++at) {
    picture.pixels[at] = at % 4 == 3 ? 200 : uint16_t(100 + at / 128 + 10 * (at % 4));
  }
  const Picture jpeg = read_one(encode_jpeg(picture, {}, 95)),
                webp = read_one(encode_webp(picture, {}, 95));
  EXPECT_EQ(jpeg.channels, 3);
  ASSERT_EQ(webp.channels, 4);
  for (size_t i = 0; i < 32 * 32; ++i) {
    EXPECT_EQ(webp.pixels[4 * i + 3], 200);
    for (size_t c = 0; c < 3; ++c) {
      EXPECT_LE(std::abs(jpeg.pixels[3 * i + c] - picture.pixels[4 * i + c]), 4);
      EXPECT_LE(std::abs(webp.pixels[4 * i + c] - picture.pixels[4 * i + c]), 6);
    }
  }
}

TEST(ImageEncoding, LowerQualityIsSmaller) {
  const Picture picture = pattern(64, 64, 3);
  EXPECT_LT(encode_jpeg(picture, {}, 30).size(), encode_jpeg(picture, {}, 90).size());
  EXPECT_LT(encode_webp(picture, {}, 30).size(), encode_webp(picture, {}, 90).size());
}

TEST(ImageEncoding, WhatAFormatCannotHoldIsAnError) {
  const Picture picture = pattern(2, 2, 3);
  EXPECT_EQ(error_of([&] {
              encode_jpeg(picture, {{"prompt", std::string(70000, 'x')}});
            }),
            "the texts take 70040 bytes and a JPEG holds 65533: save as PNG or WebP, or without "
            "the workflow");
  EXPECT_THAT(encode_jpeg(picture, {{"prompt", std::string(65400, 'x')}}), SizeIs(Gt(65400u)));
  EXPECT_EQ(error_of([&] { encode_webp(pattern(16384, 1, 3), {}); }),
            "a WebP has at most 16383 pixels a side, not 16384 x 1: save as PNG");
  EXPECT_EQ(error_of([&] { encode_jpeg(pattern(1, 65501, 3), {}); }),
            "a JPEG has at most 65500 pixels a side, not 1 x 65501: save as PNG");
  EXPECT_THAT(error_of([&] {
                encode_webp(picture, {{"a:b", "x"}});
              }),
              HasSubstr("\"a:b\" has a colon"));
}

TEST(ImageEncoding, TextsThatNoFormatCanHoldAreErrors) {
  const Picture picture = pattern(2, 2, 3);
  for (const std::string& keyword : {""s, " x"s, "x "s, "é"s, "a\0b"s, std::string(80, 'x')}) {
    EXPECT_THAT(error_of([&] {
                  encode_png(picture, {{keyword, "text"}});
                }),
                HasSubstr("keyword must be 1..79 printable ASCII characters"));
  }
  for (const std::string& text :
       {"a\0b"s, "\xFF"s, "\xC0\x80"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xE5\xAE"s}) {
    EXPECT_THAT(error_of([&] {
                  encode_jpeg(picture, {{"key", text}});
                }),
                HasSubstr("the text \"key\" is not UTF-8 without NUL"));
  }
}

TEST(ImageEncoding, WrongArgumentsOfEncodersAreErrors) {
  Picture deep = pattern(2, 2, 3), few = deep, none = deep;
  deep.depth = 16;
  few.pixels.pop_back();
  none.width = 0;
  EXPECT_THAT(error_of([&] { encode_png(deep, {}); }),
              HasSubstr("3 channels, 16 bits: RGB or RGBA in 8 bits"));
  EXPECT_THAT(error_of([&] { encode_jpeg(few, {}); }), HasSubstr("it has 11 values, not 12"));
  EXPECT_THAT(error_of([&] { encode_webp(none, {}); }), HasSubstr("0 x 2 pixels"));
  const Picture picture = pattern(2, 2, 3);
  EXPECT_EQ(error_of([&] { encode_png(picture, {}, 10); }), "PNG compression 10 is outside 0..9");
  EXPECT_EQ(error_of([&] { encode_jpeg(picture, {}, 0); }), "JPEG quality 0 is outside 1..100");
  EXPECT_EQ(error_of([&] { encode_webp(picture, {}, 101); }), "WebP quality 101 is outside 1..100");
}

}  // namespace
}  // namespace heddle::test
