#include "engine/image_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>

#include "engine/atomic_file.h"

namespace heddle {
namespace {

using namespace std::string_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

const std::string kSignature = "\x89PNG\r\n\x1A\n";
const std::filesystem::path kGolden = std::filesystem::path(HEDDLE_SOURCE_DIR) / "tests/golden";

std::string golden(const std::string& name) { return read_file(kGolden / "images" / name); }

std::string big_endian(uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes) & 0xFF);
  return text;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string framed = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(framed.data()), static_cast<uInt>(framed.size()));
  return big_endian(data.size(), 4) + framed + big_endian(crc, 4);
}

std::string deflated(const std::string& raw) {
  std::string bytes(compressBound(raw.size()), '\0');
  uLongf size = bytes.size();
  compress(reinterpret_cast<Bytef*>(bytes.data()), &size,
           reinterpret_cast<const Bytef*>(raw.data()), raw.size());
  bytes.resize(size);
  return bytes;
}

enum ColorType { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

std::string header(uint64_t width, uint64_t height, int depth, ColorType type) {
  return chunk("IHDR", big_endian(width, 4) + big_endian(height, 4) +
                           std::string{char(depth), char(type), 0, 0, 0});
}

// A PNG from its scan lines, each behind its filter byte.
std::string png(const std::string& head, const std::string& scan_lines,
                const std::string& between = "", const std::string& behind = "") {
  return kSignature + head + between + chunk("IDAT", deflated(scan_lines)) + behind +
         chunk("IEND", "");
}

// One grey pixel, with chunks before and behind it.
std::string pixel_png(const std::string& between, const std::string& behind = "") {
  return png(header(1, 1, 8, kGrey), "\0\x80"s, between, behind);
}

Picture pattern(int width, int height, int channels) {
  Picture picture;
  picture.width = width;
  picture.height = height;
  picture.channels = channels;
  for (int i = 0; i < width * height * channels; ++i)
    picture.pixels.push_back(uint16_t(i * 37 % 256));
  return picture;
}

Picture read_one(const std::string& bytes) {
  auto pictures = read_pictures_from(bytes, "test");
  EXPECT_THAT(pictures, SizeIs(1));
  return pictures.at(0);
}

std::string error_of(const std::function<void()>& deed) {
  try {
    deed();
  } catch (const ImageError& error) {
    return error.what();
  }
  return "no error";
}

std::string reading_error(const std::string& bytes) {
  return error_of([&] { read_pictures_from(bytes, "x.png"); });
}

ImageTexts texts_of(const std::string& bytes) { return read_image_texts(bytes, "test"); }

// ---- reading pixels ----

TEST(ImageFile, GoldenPicturesHavePillowsPixels) {
  const json expected = json::parse(golden("expected.json"));
  for (const auto& [name, frames] : expected.items()) {
    SCOPED_TRACE(name);
    const auto pictures = read_pictures(kGolden / "images" / name);
    ASSERT_EQ(pictures.size(), frames.size());
    for (size_t i = 0; i < frames.size(); ++i) {
      EXPECT_EQ(pictures[i].width, frames[i]["width"]);
      EXPECT_EQ(pictures[i].height, frames[i]["height"]);
      EXPECT_EQ(pictures[i].channels, frames[i]["channels"]);
      EXPECT_EQ(pictures[i].depth, frames[i]["depth"]);
      EXPECT_EQ(json(pictures[i].pixels), frames[i]["pixels"]);
    }
  }
}

TEST(ImageFile, GreyBecomesRgbAtEveryDepth) {
  const std::string rows = "\0\x1B"s;  // bits 00 01 10 11, or 0001 1011...
  EXPECT_THAT(read_one(png(header(3, 1, 1, kGrey), rows)).pixels,
              ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(read_one(png(header(3, 1, 2, kGrey), rows)).pixels,
              ElementsAre(0, 0, 0, 85, 85, 85, 170, 170, 170));
  EXPECT_THAT(read_one(png(header(2, 1, 4, kGrey), rows)).pixels,
              ElementsAre(17, 17, 17, 187, 187, 187));
  EXPECT_THAT(read_one(png(header(1, 1, 8, kGrey), rows)).pixels, ElementsAre(27, 27, 27));
}

TEST(ImageFile, SixteenBitsAreKept) {
  const Picture grey = read_one(png(header(1, 1, 16, kGreyAlpha), "\0\x12\x34\xAB\xCD"s));
  EXPECT_EQ(grey.depth, 16);
  EXPECT_THAT(grey.pixels, ElementsAre(0x1234, 0x1234, 0x1234, 0xABCD));
  const Picture rgb = read_one(png(header(1, 1, 16, kRgb), "\0\0\1\0\2\0\3"s));
  EXPECT_THAT(rgb.pixels, ElementsAre(1, 2, 3));
}

TEST(ImageFile, AColorKeyBecomesAlphaAndIsCalledSo) {
  const Picture picture =
      read_one(png(header(2, 1, 8, kGrey), "\0\x05\x06"s, chunk("tRNS", "\0\x05"s)));
  EXPECT_TRUE(picture.color_key);
  EXPECT_THAT(picture.pixels, ElementsAre(5, 5, 5, 0, 6, 6, 6, 255));
  EXPECT_FALSE(read_one(golden("palette_transparent.png")).color_key);
  EXPECT_FALSE(read_one(encode_png(pattern(2, 2, 4), {})).color_key);
}

TEST(ImageFile, EveryOrientationIsTurnedUpright) {
  // The upright picture is 1 2 3 / 4 5 6; each row gives the file that a camera held so would
  // write.
  struct Case {
    int width;
    std::string pixels;
  };
  const std::array<Case, 8> cases = {{{3, "123456"},
                                      {3, "321654"},
                                      {3, "654321"},
                                      {3, "456123"},
                                      {2, "142536"},
                                      {2, "362514"},
                                      {2, "635241"},
                                      {2, "415263"}}};
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string rows;
    for (size_t at = 0; at < 6; at += size_t(cases[i].width)) {
      rows += '\0' + cases[i].pixels.substr(at, size_t(cases[i].width));
    }
    const std::string exif =
        "MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0"s + char(i + 1) + "\0\0\0\0\0\0"s;
    const uint64_t width = uint64_t(cases[i].width);
    const Picture picture =
        read_one(png(header(width, 6 / width, 8, kGrey), rows, chunk("eXIf", exif)));
    EXPECT_EQ(picture.width, 3);
    EXPECT_EQ(picture.height, 2);
    std::string seen;
    for (size_t at = 0; at < picture.pixels.size(); at += 3) seen += char(picture.pixels[at]);
    EXPECT_EQ(seen, "123456") << "orientation " << i + 1;
  }
}

TEST(ImageFile, AnAnimatedPngGivesItsFirstPicture) {
  const std::string control = chunk("acTL", big_endian(2, 4) + big_endian(0, 4));
  const std::string frame = chunk("fdAT", big_endian(1, 4) + deflated("\0\x40"s));
  EXPECT_THAT(read_one(pixel_png(control, frame)).pixels, ElementsAre(128, 128, 128));
}

TEST(ImageFile, PocketPicturesAreRead) {
  const auto pictures = read_pictures(kGolden / "pocket/expected/house.png");
  ASSERT_THAT(pictures, SizeIs(1));
  EXPECT_EQ(pictures[0].width, 128);
  EXPECT_EQ(pictures[0].height, 128);
  EXPECT_EQ(pictures[0].channels, 3);
}

// ---- limits ----

TEST(ImageFile, APngThatIsTooWideIsRefusedFromItsHeader) {
  EXPECT_EQ(reading_error(kSignature + header(60000, 10, 8, kRgb)),
            "x.png: too large, 60000 x 10 pixels: a side may have at most 32768");
  EXPECT_EQ(reading_error(kSignature + header(0x7FFFFFFF, 1, 8, kRgb)),
            "x.png: too large, 2147483647 x 1 pixels: a side may have at most 32768");
}

TEST(ImageFile, APngOfTooManyPixelsIsRefusedFromItsHeader) {
  EXPECT_EQ(reading_error(kSignature + header(32768, 8193, 8, kRgb)),
            "x.png: too large, 32768 x 8193 pixels: at most 268435456 pixels are read");
}

TEST(ImageFile, APngWithoutPixelsIsRefused) {
  EXPECT_THAT(reading_error(kSignature + header(0, 7, 8, kRgb)),
              HasSubstr("a picture without pixels, 0 x 7"));
}

TEST(ImageFile, AJpegThatIsTooLargeIsRefusedBeforeItIsDecoded) {
  std::string bytes = encode_jpeg(pattern(8, 8, 3), {});
  const size_t frame = bytes.find("\xFF\xC0");
  ASSERT_NE(frame, bytes.npos);
  bytes.replace(frame + 5, 4, big_endian(40000, 2) + big_endian(8, 2));
  EXPECT_EQ(reading_error(bytes),
            "x.png: too large, 8 x 40000 pixels: a side may have at most 32768");
  bytes.replace(frame + 5, 4, big_endian(30000, 2) + big_endian(30000, 2));
  EXPECT_THAT(reading_error(bytes), HasSubstr("30000 x 30000 pixels: at most 268435456"));
}

TEST(ImageFile, AWebpThatIsTooLargeIsRefusedBeforeItIsDecoded) {
  std::string bytes = golden("animated.webp");
  const size_t canvas = bytes.find("VP8X") + 12;
  bytes.replace(canvas, 6, "\xFF\xFF\0\xFF\0\0"s);  // sides less one, little-endian
  EXPECT_THAT(reading_error(bytes), HasSubstr("65536 x 256 pixels: a side may have at most 32768"));
}

TEST(ImageFile, TheFramesOfAnAnimationCountTogether) {
  const std::string bytes = golden("animated.webp");
  EXPECT_THAT(read_pictures_from(bytes, "a.webp", 3 * 48), SizeIs(3));
  EXPECT_EQ(error_of([&] { read_pictures_from(bytes, "a.webp", 3 * 48 - 1); }),
            "a.webp: too large, 3 frames of 8 x 6 pixels: at most 143 pixels are read");
}

// A grey progressive JPEG of one block, with a scan of its own for each bit of each coefficient.
std::string jpeg_of_scans(int scans) {
  const auto segment = [](char marker, const std::string& data) {
    return "\xFF"s + marker + big_endian(data.size() + 2, 2) + data;
  };
  const std::string one_code =
      "\1"s + std::string(15, '\0') + '\0';  // the code 0 means the symbol 0
  std::string bytes = "\xFF\xD8"s + segment('\xDB', '\0' + std::string(64, '\1'));
  bytes += segment('\xC2', "\x08\0\x08\0\x08\1\1\x11\0"s);
  bytes += segment('\xC4', '\0' + one_code) + segment('\xC4', '\x10' + one_code);
  bytes += segment('\xDA', "\1\1\0\0\0\0"s) + '\x7F';
  for (int i = 1; i < scans; ++i) {
    const char coefficient = char(1 + (i - 1) / 4), bit = char(3 - (i - 1) % 4);
    const char bits = bit == 3 ? bit : char((bit + 1) << 4 | bit);
    bytes += segment('\xDA', "\1\1\0"s + coefficient + coefficient + bits) + '\x7F';
  }
  return bytes + "\xFF\xD9";
}

TEST(ImageFile, AJpegOfHundredsOfScansIsRefused) {
  EXPECT_EQ(read_one(jpeg_of_scans(150)).width, 8);
  EXPECT_EQ(reading_error(jpeg_of_scans(250)), "x.png: damaged JPEG: more than 200 scans");
}

// ---- damage ----

TEST(ImageFile, WhatIsNoPictureIsNamed) {
  EXPECT_EQ(reading_error(""), "x.png: the file is empty");
  EXPECT_EQ(
      reading_error("Hello, world"),
      "x.png: not a PNG, JPEG or WebP picture (it begins with the bytes 48 65 6C 6C 6F 2C 20 77)");
  EXPECT_EQ(
      reading_error("RIFF\1\2\3\4WAVE"),
      "x.png: not a PNG, JPEG or WebP picture (it begins with the bytes 52 49 46 46 01 02 03 04)");
  EXPECT_THAT(error_of([] { read_image_texts("RIFF", "y"); }),
              StartsWith("y: not a PNG, JPEG or WebP"));
  EXPECT_THAT(error_of([] { read_pictures(__FILE__); }),
              AllOf(StartsWith(__FILE__), HasSubstr(": not a PNG")));
}

TEST(ImageFile, AFileThatCannotBeReadIsNamed) {
  EXPECT_EQ(error_of([] { read_pictures("/nowhere/x.png"); }),
            "cannot read /nowhere/x.png: No such file or directory");
  EXPECT_THAT(error_of([] { read_pictures("/"); }), HasSubstr("Is a directory"));
}

TEST(ImageFile, EveryTruncationIsAnErrorAndNothingGoesToTheStandardError) {
  ::testing::internal::CaptureStderr();
  for (const std::string name :
       {"interlaced.png", "palette_transparent.png", "cmyk.jpg", "progressive.jpg", "rotated.jpg",
        "animated.webp", "lossy_alpha.webp", "comfyui.webp"}) {
    const std::string bytes = golden(name);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<char> copy(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_THAT(error_of([&] {
                    read_pictures_from({copy.data(), size}, "cut");
                  }),
                  StartsWith("cut: "))
          << name << " of " << size << " bytes";
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(ImageFile, TruncationIsCalledThat) {
  const std::string text = encode_png(pattern(9, 9, 3), {});
  EXPECT_EQ(reading_error(text.substr(0, text.size() - 20)),
            "x.png: damaged PNG: the file ends too early");
  EXPECT_EQ(reading_error(text.substr(0, 20)), "x.png: damaged PNG: the file ends too early");
  const std::string webp = golden("comfyui.webp");
  EXPECT_EQ(reading_error(webp.substr(0, 200)), "x.png: damaged WebP: it has 200 of 284 bytes");
  const std::string jpeg = golden("rotated.jpg");
  EXPECT_THAT(reading_error(jpeg.substr(0, jpeg.size() - 2)),
              HasSubstr("damaged JPEG: Premature end of JPEG file"));
}

TEST(ImageFile, AWrongCrcInAnyChunkIsAnError) {
  const std::string bytes = encode_png(pattern(9, 9, 3), {{"note", "text"}});
  for (const std::string type : {"IHDR", "tEXt", "IDAT", "IEND"}) {
    const size_t at = bytes.find(type);
    ASSERT_NE(at, bytes.npos);
    const size_t length =
        static_cast<unsigned char>(bytes[at - 1]) + 256 * static_cast<unsigned char>(bytes[at - 2]);
    std::string damaged = bytes;
    damaged[at + 4 + length] ^= 1;
    EXPECT_THAT(reading_error(damaged),
                AllOf(StartsWith("x.png: damaged PNG: "), HasSubstr("CRC error")))
        << type;
  }
}

TEST(ImageFile, TooFewScanLinesAreAnError) {
  EXPECT_EQ(reading_error(png(header(2, 2, 8, kGrey), "\0ab"s)),
            "x.png: damaged PNG: Not enough image data");
}

TEST(ImageFile, ATransparencyThatDoesNotFitIsAnErrorWhereItWouldCount) {
  const std::string transparency = chunk("tRNS", "abc");
  EXPECT_EQ(reading_error(png(header(1, 1, 8, kRgb), "\0abc"s, transparency)),
            "x.png: damaged PNG: tRNS: it does not fit");
  EXPECT_THAT(read_one(png(header(1, 1, 8, kRgba), "\0\1\2\3\4"s, transparency)).pixels,
              ElementsAre(1, 2, 3, 4));
}

TEST(ImageFile, AJpegWhoseDataIsCutBeforeItsEndMarkerIsAnError) {
  const std::string bytes = golden("rotated.jpg");
  EXPECT_THAT(reading_error(bytes.substr(0, bytes.size() - 20) + "\xFF\xD9"),
              HasSubstr("damaged JPEG: Corrupt"));
}

// ---- texts ----

TEST(ImageFile, TextsOfAComfyUIPictureAreFound) {
  const auto texts =
      read_image_texts(read_file(kGolden / "pocket/expected/house.png"), "house.png");
  ASSERT_THAT(texts, SizeIs(1));
  EXPECT_EQ(texts[0].first, "prompt");
  EXPECT_EQ(json::parse(texts[0].second),
            json::parse(read_file(kGolden / "pocket/expected/house.json")));
}

TEST(ImageFile, TextsOfOtherToolsAreFound) {
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

TEST(ImageFile, EveryKindOfPngTextIsRead) {
  const std::string before = chunk("tEXt", "a\0caf\xE9"s) + chunk("tEXt", "b\0café"s) +
                             chunk("zTXt", "c\0\0"s + deflated("caf\xE9")) +
                             chunk("iTXt", "d\0\0\0en\0x\0家"s) +
                             chunk("iTXt", "e\0\1\0\0\0"s + deflated("家"));
  EXPECT_THAT(texts_of(pixel_png(before, chunk("comf", "prompt\0{}"s))),
              ElementsAre(Pair("a", "café"), Pair("b", "café"), Pair("c", "café"), Pair("d", "家"),
                          Pair("e", "家"), Pair("prompt", "{}")));
}

TEST(ImageFile, DamagedTextsAreLeftOutAndTheOthersKept) {
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

TEST(ImageFile, TextsOfACutPictureAreFoundUpToTheCut) {
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

TEST(ImageFile, ACompressedTextThatInflatesPastTheLimitIsLeftOut) {
  const auto last = chunk("tEXt", "last\0text"s);
  EXPECT_THAT(keywords_of(pixel_png(large_text("big", kMaxInflatedText) + last)),
              ElementsAre("big", "last"));
  EXPECT_THAT(keywords_of(pixel_png(large_text("big", kMaxInflatedText + 1) + last)),
              ElementsAre("last"));
}

TEST(ImageFile, CompressedTextsShareOneLimit) {
  const std::string texts =
      large_text("a", kMaxInflatedText / 2 + 1) + large_text("b", kMaxInflatedText / 2);
  EXPECT_THAT(keywords_of(pixel_png(texts)), ElementsAre("a"));
}

TEST(ImageFile, ReadingTheTextsOfARuinDoesNoHarm) {
  for (const std::string name :
       {"interlaced.png", "a1111_big_endian.jpg", "rotated.jpg", "comfyui.webp"}) {
    const std::string bytes = golden(name);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<char> copy(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      if (looks_like_picture({copy.data(), size})) read_image_texts({copy.data(), size}, "cut");
    }
  }
}

// ---- writing ----

TEST(ImageFile, APngComesBackAsItWas) {
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

TEST(ImageFile, PngCompressionIsTheLevelThatWasAskedFor) {
  const Picture picture = pattern(64, 64, 3);
  EXPECT_GT(encode_png(picture, {}, 0).size(), 64u * 64u * 3u);
  EXPECT_LT(encode_png(picture, {}, 9).size(), encode_png(picture, {}, 1).size());
}

TEST(ImageFile, PngTextsStandBeforeThePixelsInTheirOrder) {
  const std::string bytes =
      encode_png(pattern(2, 2, 3), {{"workflow", "{}"}, {"prompt", "[]"}, {"note", "café"}});
  const std::string wanted = chunk("tEXt", "workflow\0{}"s) + chunk("tEXt", "prompt\0[]"s) +
                             chunk("iTXt", "note\0\0\0\0\0café"s);
  EXPECT_EQ(bytes.find(wanted), kSignature.size() + header(2, 2, 8, kRgb).size());
  EXPECT_LT(bytes.find(wanted), bytes.find("IDAT"));
}

TEST(ImageFile, AnyTextComesBackFromAnyFormat) {
  const ImageTexts texts = {{"prompt", "{\"3\": {}}"},     {"workflow", "{}"},
                            {"note", "caf\u00C3\u00A9"},   {"heddle", ""},
                            {"other", "line\nline: x 家"}, {"parameters", "é Steps: 20"}};
  const Picture picture = pattern(3, 2, 4);
  EXPECT_EQ(texts_of(encode_png(picture, texts)), texts);
  EXPECT_EQ(texts_of(encode_jpeg(picture, texts)), texts);
  EXPECT_EQ(texts_of(encode_webp(picture, texts)), texts);
  EXPECT_EQ(texts_of(encode_webp(picture, texts, 90, true)), texts);
}

TEST(ImageFile, WithoutTextsNoFormatHoldsAny) {
  const Picture picture = pattern(3, 2, 3);
  EXPECT_EQ(encode_png(picture, {}).find("EXt"), std::string::npos);
  EXPECT_EQ(encode_jpeg(picture, {}).find("Exif"), std::string::npos);
  EXPECT_EQ(encode_webp(picture, {}).find("EXIF"), std::string::npos);
}

TEST(ImageFile, ALosslessWebpComesBackAsItWasEvenWhereItIsTransparent) {
  Picture picture = pattern(13, 7, 4);
  for (size_t at = 3; at < picture.pixels.size(); at += 8) picture.pixels[at] = 0;
  EXPECT_EQ(read_one(encode_webp(picture, {{"a", "b"}}, 90, true)).pixels, picture.pixels);
}

TEST(ImageFile, LossyFormatsComeNear) {
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

TEST(ImageFile, LowerQualityIsSmaller) {
  const Picture picture = pattern(64, 64, 3);
  EXPECT_LT(encode_jpeg(picture, {}, 30).size(), encode_jpeg(picture, {}, 90).size());
  EXPECT_LT(encode_webp(picture, {}, 30).size(), encode_webp(picture, {}, 90).size());
}

TEST(ImageFile, WhatAFormatCannotHoldIsAnError) {
  const Picture picture = pattern(2, 2, 3);
  EXPECT_EQ(error_of([&] {
              encode_jpeg(picture, {{"prompt", std::string(70000, 'x')}});
            }),
            "the texts take 70040 bytes and a JPEG holds 65533: save as PNG or WebP, or without "
            "the workflow");
  EXPECT_THAT(encode_jpeg(picture, {{"prompt", std::string(65400, 'x')}}),
              SizeIs(testing::Gt(65400u)));
  EXPECT_EQ(error_of([&] { encode_webp(pattern(16384, 1, 3), {}); }),
            "a WebP has at most 16383 pixels a side, not 16384 x 1: save as PNG");
  EXPECT_EQ(error_of([&] { encode_jpeg(pattern(1, 65501, 3), {}); }),
            "a JPEG has at most 65500 pixels a side, not 1 x 65501: save as PNG");
  EXPECT_THAT(error_of([&] {
                encode_webp(picture, {{"a:b", "x"}});
              }),
              HasSubstr("\"a:b\" has a colon"));
}

TEST(ImageFile, TextsThatNoFormatCanHoldAreErrors) {
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

TEST(ImageFile, WrongArgumentsOfEncodersAreErrors) {
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
}  // namespace heddle
