#include "tests/engine/picture_bytes.h"
#include "tests/server/site_testing.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;
using namespace test;
using heddle::test::pattern;
using heddle::test::read_one;
using heddle::test::texts_of;

struct UploadTest : ::testing::Test {
  // What the answer calls the file, or why there is none.
  std::string image(const std::string& name, const std::string& bytes, const Fields& fields = {}) {
    const Response response = comfy.upload("/upload/image", name, bytes, fields);
    if (response.status != 200) return std::to_string(response.status) + ": " + response.body;
    return parse_json(response.body)["name"].get<std::string>();
  }
  std::string input(const std::string& name) { return read_file(comfy.folder / "input" / name); }

  ComfySite comfy;
};

TEST_F(UploadTest, AFileIsKeptUnderItsNameInInput) {
  const Response response = comfy.upload("/api/upload/image", "Häuser (2).png", "bytes\r\n--xY\0z"s, {});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(parse_json(response.body), parse_json(R"({"name": "Häuser (2).png", "subfolder": "", "type": "input"})"));
  EXPECT_EQ(input("Häuser (2).png"), "bytes\r\n--xY\0z"s);
}

TEST_F(UploadTest, TypeAndSubfolderChooseThePlace) {
  const Response response =
      comfy.upload("/upload/image", "a.png", "1", {{"type", "temp"}, {"subfolder", "clip/space"}});
  EXPECT_EQ(response.body, R"({"name": "a.png", "subfolder": "clip/space", "type": "temp"})");
  EXPECT_EQ(read_file(comfy.folder / "temp/clip/space/a.png"), "1");
  EXPECT_EQ(image("a.png", "2", {{"type", "output"}}), "a.png");
  EXPECT_EQ(read_file(comfy.folder / "output/a.png"), "2");
}

TEST_F(UploadTest, OtherBytesOfTheSameNameGetAnother) {
  EXPECT_EQ(image("cat.tar.gz", "1"), "cat.tar.gz");
  EXPECT_EQ(image("cat.tar.gz", "2"), "cat.tar (1).gz");
  EXPECT_EQ(image("cat.tar.gz", "3"), "cat.tar (2).gz");
  EXPECT_EQ(image("cat.tar.gz", "1"), "cat.tar.gz") << "the same bytes keep their name";
  EXPECT_EQ(image("cat.tar.gz", "2"), "cat.tar (1).gz");
  EXPECT_EQ(input("cat.tar.gz"), "1");
  fs::create_directories(comfy.folder / "input/folder");
  EXPECT_EQ(image("folder", "1"), "folder (1)");
}

TEST_F(UploadTest, AFileIsReplacedWhereThatIsAskedFor) {
  image("a.png", "1");
  EXPECT_EQ(image("a.png", "2", {{"overwrite", "true"}}), "a.png");
  EXPECT_EQ(input("a.png"), "2");
  EXPECT_EQ(image("a.png", "3", {{"overwrite", "1"}}), "a.png");
  EXPECT_EQ(input("a.png"), "3");
  EXPECT_EQ(image("a.png", "4", {{"overwrite", "false"}}), "a (1).png");
  fs::create_directories(comfy.folder / "input/folder");
  EXPECT_THAT(image("folder", "1", {{"overwrite", "1"}}), HasSubstr("400: \"folder\" is the name of a folder"));
}

TEST_F(UploadTest, AnUploadIsAChoiceAtOnce) {
  image("new.png", "1");
  EXPECT_THAT(comfy.site.folders.list("input"), ElementsAre("new.png"));
}

TEST_F(UploadTest, NothingIsWrittenOutside) {
  plant_secret(comfy, comfy.folder / "input");
  for (const std::string& name : names_that_lead_out()) {
    EXPECT_THAT(image("a.png", "evil", {{"subfolder", name}}), HasSubstr("400: ")) << name;
    if (name == "link.txt") continue;  // a name like any other, see below
    EXPECT_THAT(image(name, "evil"), HasSubstr("400: ")) << name;
  }
  EXPECT_EQ(image("link.txt", "evil"), "link (1).txt");
  EXPECT_EQ(image("link.txt", "secret"), "link (2).txt") << "the file behind a link is nobody's business";
  EXPECT_EQ(image("link.txt", "evil", {{"overwrite", "true"}}), "link.txt") << "the link is replaced";
  EXPECT_EQ(read_file(comfy.folder / "secret.txt"), "secret");
  for (const auto& file : fs::directory_iterator(comfy.folder.path())) {
    EXPECT_THAT(file.path().filename().string(), ::testing::AnyOf("input", "output", "temp", "secret.txt"));
  }
}

TEST_F(UploadTest, WhatCannotBeDoneIsSaidInWords) {
  EXPECT_THAT(image("", "1"), HasSubstr("400: the part \"image\" has no file name"));
  EXPECT_THAT(image(".hidden", "1"), HasSubstr("400: the file name cannot be used"));
  EXPECT_THAT(image("sub/a.png", "1"), HasSubstr("folders go into \"subfolder\""));
  EXPECT_THAT(image(std::string(241, 'a'), "1"), HasSubstr("400: the file name is longer than 240 bytes"));
  EXPECT_EQ(image(std::string(240, 'a'), "1"), std::string(240, 'a'));
  EXPECT_THAT(image("a.png", "1", {{"type", "models"}}), HasSubstr("400: unknown type \"models\"; expected input"));
  EXPECT_THAT(image("b.png", "1", {{"subfolder", std::string(240, 'a')}}), HasSubstr("400: "));
  EXPECT_EQ(comfy.post("/upload/image", "no form").status, 400);
  const std::string field = "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nx\r\n--b--";
  const Fields form = {{"content-type", "multipart/form-data; boundary=b"}};
  EXPECT_EQ(comfy.send("POST", "/upload/image", field, form).status, 400) << "a field is no file";
  comfy.site.max_upload = 1000;
  EXPECT_THAT(image("c.png", std::string(1001, 'x')),
              HasSubstr("413: the upload is larger than this server takes: 1000"));
}

struct MaskTest : UploadTest {
  MaskTest() {
    write_file_atomically(comfy.folder / "output/cat.png",
                          encode_png(original, {{"prompt", "{\"1\": {}}"}, {"workflow", "{}"}}));
  }
  Response send_mask(const Picture& picture, const std::string& ref, const Fields& more = {}) {
    Fields fields = more;
    fields.emplace_back("original_ref", ref);
    return comfy.upload("/upload/mask", "painted.png", encode_png(picture, {}), fields);
  }
  Picture original = pattern(4, 3, 3), mask = pattern(4, 3, 4);
};

TEST_F(MaskTest, TheOriginalGetsTheAlphaOfTheMaskAndKeepsItsTexts) {
  const Response response = send_mask(mask, R"({"filename": "cat.png"})");
  EXPECT_EQ(response.body, R"({"name": "painted.png", "subfolder": "", "type": "input"})");
  const std::string bytes = input("painted.png");
  EXPECT_EQ(texts_of(bytes), (ImageTexts{{"prompt", "{\"1\": {}}"}, {"workflow", "{}"}}));
  const Picture painted = read_one(bytes);
  ASSERT_EQ(painted.channels, 4);
  for (size_t i = 0; i < 12; ++i) {
    for (size_t c = 0; c < 3; ++c) EXPECT_EQ(painted.pixels[4 * i + c], original.pixels[3 * i + c]);
    EXPECT_EQ(painted.pixels[4 * i + 3], mask.pixels[4 * i + 3]);
  }
}

TEST_F(MaskTest, APictureIsNamedAsForViewing) {
  fs::create_directories(comfy.folder / "temp/sub");
  fs::rename(comfy.folder / "output/cat.png", comfy.folder / "temp/sub/cat.png");
  const std::string ref = R"({"filename": "cat.png", "type": "temp", "subfolder": "sub"})";
  EXPECT_EQ(send_mask(mask, ref, {{"subfolder", "clipspace"}}).status, 200);
  EXPECT_TRUE(fs::exists(comfy.folder / "input/clipspace/painted.png"));
  EXPECT_EQ(send_mask(mask, R"({"filename": "../cat.png"})").status, 400);
  EXPECT_EQ(send_mask(mask, R"({"filename": "cat.png", "subfolder": ".."})").status, 403);
  EXPECT_EQ(send_mask(mask, R"({"filename": "cat.png", "type": "models"})").status, 400);
}

TEST_F(MaskTest, AMaskWithoutAlphaMakesThePictureOpaque) {
  send_mask(pattern(4, 3, 3), R"({"filename": "cat.png"})");
  EXPECT_EQ(read_one(input("painted.png")).pixels[3], 255);
}

TEST_F(MaskTest, AnOriginalThatIsNotThereIsNoError) {
  const Response response = send_mask(mask, R"({"filename": "gone.png"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"name": "painted.png", "subfolder": "", "type": "input"})");
  EXPECT_FALSE(fs::exists(comfy.folder / "input/painted.png"));
}

TEST_F(MaskTest, WhatCannotBeMaskedIsSaidInWords) {
  EXPECT_THAT(send_mask(pattern(2, 2, 4), R"({"filename": "cat.png"})").body,
              HasSubstr("the mask is 2x2 and the picture it is for 4x3"));
  EXPECT_THAT(send_mask(mask, "{").body, HasSubstr("original_ref is not JSON: line 1"));
  EXPECT_THAT(send_mask(mask, "[]").body, HasSubstr("original_ref names no file; expected {\"filename\""));
  write_text(comfy.folder / "output/cat.png", "no picture");
  EXPECT_EQ(send_mask(mask, R"({"filename": "cat.png"})").status, 400);
  EXPECT_FALSE(fs::exists(comfy.folder / "input/painted.png"));
}

}  // namespace
}  // namespace heddle::server
