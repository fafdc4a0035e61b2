#include "engine/image_file.h"

#include <array>
#include <nlohmann/json.hpp>

#include "tests/engine/picture_bytes.h"

namespace heddle::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

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

}  // namespace
}  // namespace heddle::test
