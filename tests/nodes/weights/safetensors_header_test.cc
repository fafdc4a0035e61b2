#include "nodes/weights/safetensors_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using test::error_of;
using ::testing::HasSubstr;

std::string with_length(const std::string& header) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += char(header.size() >> (8 * i) & 0xFF);
  return bytes + header;
}

SafetensorsHeader parse(const std::string& header, uint64_t data) {
  const std::string bytes = with_length(header);
  return parse_safetensors_header(bytes, bytes.size() + data, "a.safetensors");
}

std::string error(const std::string& header, uint64_t data) {
  return error_of([&] { parse(header, data); });
}

std::string error_of_bytes(const std::string& bytes) {
  return error_of([&] { parse_safetensors_header(bytes, bytes.size(), "a.safetensors"); });
}

TEST(SafetensorsHeader, SaysWhereTensorsLieInTheFile) {
  const std::string text =
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";
  const SafetensorsHeader header = parse(text + "   ", 16);
  ASSERT_EQ(header.tensors.size(), 2u);
  const TensorInfo& b = header.tensors.at("b");
  EXPECT_EQ(b.type, c10::ScalarType::Half);
  EXPECT_EQ(b.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(b.begin, 8 + text.size() + 3 + 4);
  EXPECT_EQ(b.end, b.begin + 12);
  EXPECT_TRUE(header.tensors.at("a").shape.empty());
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(SafetensorsHeader, EveryTypeOfTheFormatHasItsSize) {
  const std::vector<std::pair<std::string, int>> types = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
      {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
      {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};
  for (const auto& [name, size] : types) {
    const std::string header = R"({"a":{"dtype":")" + name + R"(","shape":[3],"data_offsets":[0,)" +
                               std::to_string(3 * size) + "]}}";
    const SafetensorsHeader parsed = parse(header, 24);
    EXPECT_EQ(dtype_name(parsed.tensors.at("a").type), name);
  }
}

TEST(SafetensorsHeader, TensorsWithoutElementsAreFine) {
  const SafetensorsHeader header =
      parse(R"({"v_pred":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)"
            R"("ztsnr":{"dtype":"F32","shape":[4,0],"data_offsets":[0,0]}})",
            0);
  EXPECT_EQ(header.tensors.size(), 2u);
}

TEST(SafetensorsHeader, HolesAndFieldsOfLaterVersionsAreFine) {
  const SafetensorsHeader header =
      parse(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[5,6],"since":[1]}})", 9);
  EXPECT_EQ(header.tensors.size(), 1u);
}

TEST(SafetensorsHeader, MetadataThatIsNoTextIsKeptAsJson) {
  const SafetensorsHeader header =
      parse(R"({"__metadata__":{"n":3,"list":[1,"x",{"y":null}],"t":"a\"b"}})", 0);
  EXPECT_EQ(header.metadata.at("n"), "3");
  EXPECT_EQ(header.metadata.at("list"), R"([1,"x",{"y":null}])");
  EXPECT_EQ(header.metadata.at("t"), "a\"b");
}

TEST(SafetensorsHeader, ATruncatedFileIsAnErrorThatNamesTheTensor) {
  const std::string text = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                           R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})";
  const std::string size = std::to_string(8 + text.size() + 10);
  const std::string needed = std::to_string(8 + text.size() + 16);
  EXPECT_EQ(error(text, 10), "a.safetensors: file ends at byte " + size +
                                 ", tensor \"b\" needs byte " + needed +
                                 ": the download is incomplete, fetch it again");
}

TEST(SafetensorsHeader, AFileThatEndsInTheHeaderIsAnError) {
  const std::string bytes =
      with_length(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})");
  EXPECT_THAT(
      error_of_bytes(bytes.substr(0, 30)),
      HasSubstr("file ends at byte 30, its header needs byte 62: the download is incomplete"));
  EXPECT_THAT(error_of_bytes("abc"), HasSubstr("it has 3 bytes"));
}

TEST(SafetensorsHeader, AHugeHeaderIsAnError) {
  const std::string bytes = std::string("\0\0\0\0\1\0\0\0", 8) + "{}";
  EXPECT_THAT(error_of_bytes(bytes), HasSubstr("the header would have 4294967296 bytes"));
}

TEST(SafetensorsHeader, OtherFormatsAreCalledByTheirName) {
  EXPECT_THAT(error_of_bytes("version https://git-lfs.example/spec/v1\noid sha256:1\n"),
              HasSubstr("git lfs pull"));
  EXPECT_THAT(error_of_bytes("\n<!DOCTYPE html><html></html>"), HasSubstr("a web page"));
  EXPECT_THAT(error_of_bytes("GGUF\3\0\0\0aaaaaaaaa"), HasSubstr("GGUF"));
  EXPECT_THAT(error_of_bytes("{\"a\": 1, \"b\": 2}"), HasSubstr("a JSON file"));
  EXPECT_THAT(error_of_bytes("some other text file"), HasSubstr("not a safetensors file"));
}

TEST(SafetensorsHeader, OffsetsMustFitShapeAndType) {
  EXPECT_THAT(error(R"({"a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,16]}})", 16),
              HasSubstr("tensor \"a\": F16 [2, 3] takes 12 bytes, but data_offsets give it 16"));
  EXPECT_THAT(error(R"({"a":{"dtype":"F16","shape":[0],"data_offsets":[0,2]}})", 16),
              HasSubstr("takes 0 bytes"));
}

TEST(SafetensorsHeader, OffsetsMustBeARangeOfTheFile) {
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}})", 4),
              HasSubstr("data_offsets [2, 1] are not a range"));
  EXPECT_THAT(
      error(
          R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[9223372036854775803,9223372036854775807]}})",
          4),
      HasSubstr("are not a range"));
  EXPECT_THAT(
      error(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[18446744073709551612,0]}})", 4),
      HasSubstr("data_offsets must be a list of whole numbers"));
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}})", 4),
              HasSubstr("data_offsets must be a list of whole numbers"));
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 4),
              HasSubstr("data_offsets must be two numbers"));
}

TEST(SafetensorsHeader, ShapesMustBeWholeNumbersOfSaneProduct) {
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 4),
              HasSubstr("shape must be a list of whole numbers"));
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 4),
              HasSubstr("shape must be a list of whole numbers"));
  EXPECT_THAT(
      error(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 4),
      HasSubstr("is too large"));
  EXPECT_THAT(
      error(R"({"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 4),
      HasSubstr("is too large"));
  EXPECT_THAT(
      error(
          R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})",
          4),
      HasSubstr("shape must be a list"));
}

TEST(SafetensorsHeader, OverlapsAreAnErrorThatNamesBoth) {
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[2,5]},)"
                    R"("b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
                    8),
              HasSubstr("tensors \"b\" and \"a\" overlap"));
}

TEST(SafetensorsHeader, UnknownTypesAreNamed) {
  EXPECT_THAT(error(R"({"a":{"dtype":"F99","shape":[1],"data_offsets":[0,1]}})", 4),
              HasSubstr("a.safetensors: tensor \"a\": dtype \"F99\" is not supported"));
}

TEST(SafetensorsHeader, IncompleteEntriesAreErrors) {
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","shape":[1]}})", 4),
              HasSubstr("data_offsets is missing"));
  EXPECT_THAT(error(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 4),
              HasSubstr("dtype is missing"));
  EXPECT_THAT(error(R"({"a":[1]})", 4), HasSubstr("an object with dtype"));
  EXPECT_THAT(error(R"({"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}})", 4),
              HasSubstr("dtype must be text"));
  EXPECT_THAT(error(R"({"__metadata__":[1]})", 0), HasSubstr("__metadata__ is no object"));
}

TEST(SafetensorsHeader, NothingIsThereTwice) {
  const std::string entry = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(error("{\"a\":" + entry + ",\"a\":" + entry + "}", 4),
              HasSubstr("\"a\" is there twice"));
  EXPECT_THAT(error(R"({"a":{"dtype":"U8","dtype":"F32","shape":[1],"data_offsets":[0,1]}})", 4),
              HasSubstr("\"a\" has \"dtype\" twice"));
  EXPECT_THAT(error(R"({"__metadata__":{},"__metadata__":{}})", 0), HasSubstr("twice"));
}

TEST(SafetensorsHeader, BrokenJsonIsAnErrorThatSaysWhere) {
  EXPECT_THAT(error(R"({"a":})", 4), HasSubstr("no valid JSON at byte 14"));
  EXPECT_THAT(error("{\"a\xff\":1}", 4), HasSubstr("no valid JSON"));
  EXPECT_THAT(error("{} {}", 4), HasSubstr("no valid JSON"));
}

TEST(SafetensorsHeader, DepthAndSizeOfAnEntryAreBounded) {
  const std::string deep(1'000'000, '[');
  EXPECT_THAT(error(R"({"__metadata__":{"x":)" + deep + "}}", 4), HasSubstr("nested too deeply"));
  std::string wide = "0";
  for (int i = 0; i < 1'000'001; ++i) wide += ",0";
  EXPECT_THAT(error(R"({"a":[)" + wide + "]}", 4), HasSubstr("more than a million values"));
}

TEST(SafetensorsHeader, NamesAreShownWithoutControlCharactersAndCut) {
  const std::string name = std::string("\\u001b[31m") + std::string(1000, 'x');
  const std::string text =
      error("{\"" + name + R"(":{"dtype":"F99","shape":[1],"data_offsets":[0,1]}})", 4);
  EXPECT_THAT(text, HasSubstr("\"?[31mxxx"));
  EXPECT_LT(text.size(), 300u);
}

}  // namespace
}  // namespace heddle::weights
