#include "tests/engine/picture_bytes.h"
#include "tests/server/site_testing.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::string_literals;
using namespace test;
using heddle::test::pattern;
using heddle::test::read_one;

struct View : ::testing::Test {
  ComfySite comfy;
};

TEST_F(View, AFileIsSentAsItIsUnderItsNameAndType) {
  write_text(comfy.folder / "output/cat_00001_.png", "bytes");
  for (const char* path :
       {"/view?filename=cat_00001_.png", "/api/view?filename=cat_00001_.png&type=output&subfolder="}) {
    const Response response = comfy.get(path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.type, "image/png");
    EXPECT_EQ(response.file, comfy.folder / "output/cat_00001_.png");
    EXPECT_EQ(header_of(response, "Content-Disposition"), "filename=\"cat_00001_.png\"");
  }
}

TEST_F(View, FoldersAreChosenByTypeSubfolderAndSuffix) {
  write_text(comfy.folder / "input/a.png", "");
  write_text(comfy.folder / "temp/b/c/a.png", "");
  write_text(comfy.folder / "output/b/a (1).png", "");
  const auto sent = [&](const std::string& query) { return comfy.get("/view?" + query).file.value_or(""); };
  EXPECT_EQ(sent("filename=a.png&type=input"), comfy.folder / "input/a.png");
  EXPECT_EQ(sent("filename=a.png+[input]&type=output"), comfy.folder / "input/a.png");
  EXPECT_EQ(sent("filename=a.png&type=temp&subfolder=b/c"), comfy.folder / "temp/b/c/a.png");
  EXPECT_EQ(sent("filename=a.png%20[temp]&subfolder=b%2Fc%2F"), comfy.folder / "temp/b/c/a.png");
  EXPECT_EQ(sent("filename=a%20(1).png&subfolder=b&rand=0.3&clientId=x"), comfy.folder / "output/b/a (1).png");
  EXPECT_EQ(sent("filename=elsewhere/a.png&type=input"), comfy.folder / "input/a.png") << "only the last part counts";
}

TEST_F(View, RefusalsHaveTheStatusOfComfyUI) {
  const auto status = [&](const std::string& query) { return comfy.get("/view" + query).status; };
  EXPECT_EQ(status(""), 404);
  EXPECT_EQ(status("?filename="), 400);
  EXPECT_EQ(status("?filename=[output]"), 400);
  EXPECT_EQ(status("?filename=/etc/passwd"), 400);
  EXPECT_EQ(status("?filename=a..b.png"), 400);
  EXPECT_EQ(status("?filename=x.png&type=models"), 400);
  EXPECT_EQ(status("?filename=x.png&subfolder=.."), 403);
  EXPECT_EQ(status("?filename=x.png&subfolder=/"), 403);
  EXPECT_EQ(status("?filename=x.png"), 404);
  fs::create_directories(comfy.folder / "output/folder.png");
  EXPECT_EQ(status("?filename=folder.png"), 404);
  EXPECT_EQ(comfy.send("POST", "/view").status, 405);
}

TEST_F(View, NothingOutsideIsShown) {
  plant_secret(comfy, comfy.folder / "output");
  fs::create_directories(comfy.folder / "output/a");
  for (const std::string& name : names_that_lead_out()) {
    const std::string sent = percent_encoded(name);
    for (const std::string& query : {"filename=" + sent, "filename=" + percent_encoded(sent),
                                     "filename=secret.txt&subfolder=" + sent}) {
      const Response response = comfy.get("/view?" + query);
      EXPECT_THAT(response.status, ::testing::AnyOf(400, 403, 404)) << query;
      EXPECT_EQ(response.file, std::nullopt) << query;
    }
  }
  EXPECT_EQ(comfy.get("/view?filename=link.txt%00.png").status, 404);
  EXPECT_EQ(comfy.get("/view?filename=.hidden").status, 404);
  EXPECT_EQ(comfy.get("/view?filename=secret.txt&subfolder=out").status, 403);
}

TEST_F(View, WhatABrowserWouldRunIsADownload) {
  for (const char* name : {"a.html", "a.HTM", "a.xhtml", "a.svg", "a.xml", "a.js", "a.css"}) {
    write_text(comfy.folder / "output" / name, "<script>");
    const Response response = comfy.get(std::string("/view?filename=") + name);
    EXPECT_EQ(response.type, "application/octet-stream") << name;
    EXPECT_EQ(header_of(response, "Content-Disposition"), std::string("attachment; filename=\"") + name + "\"");
  }
  write_text(comfy.folder / "output/a.xyz", "");
  EXPECT_EQ(comfy.get("/view?filename=a.xyz").type, "application/octet-stream");
  write_text(comfy.folder / "output/a.MP4", "");
  EXPECT_EQ(comfy.get("/view?filename=a.MP4").type, "video/mp4");
}

TEST_F(View, NamesCannotEndTheirHeader) {
  write_text(comfy.folder / "output" / "a\"; x=\"b.png", "");
  write_text(comfy.folder / "output" / "Häuser.png", "");
  EXPECT_EQ(header_of(comfy.get("/view?filename=a%22;%20x=%22b.png"), "Content-Disposition"),
            "filename=\"a\\\"; x=\\\"b.png\"");
  EXPECT_EQ(header_of(comfy.get("/view?filename=H%C3%A4user.png"), "Content-Disposition"),
            "filename=\"H__user.png\"; filename*=UTF-8''H%C3%A4user.png");
}

struct ViewPictures : View {
  ViewPictures() {
    write_file_atomically(comfy.folder / "output/rgba.png", encode_png(rgba, {{"prompt", "{}"}}));
    write_file_atomically(comfy.folder / "output/rgb.png", encode_png(rgb, {}));
    write_text(comfy.folder / "output/no.png", "no picture");
  }
  Response view(const std::string& query) { return comfy.get("/view?filename=" + query); }
  Picture rgba = pattern(5, 3, 4), rgb = pattern(5, 3, 3);
};

TEST_F(ViewPictures, APreviewIsWebpOfTheQualityAskedFor) {
  const Response response = view("rgba.png&preview=webp;50");
  EXPECT_EQ(response.type, "image/webp");
  EXPECT_EQ(response.body, encode_webp(rgba, {}, 50));
  EXPECT_EQ(header_of(response, "Content-Disposition"), "filename=\"rgba.png\"");
  EXPECT_EQ(view("rgba.png&preview=webp").body, encode_webp(rgba, {}, 90));
  EXPECT_EQ(view("rgba.png&preview=gif;x").body, encode_webp(rgba, {}, 90));
  EXPECT_EQ(view("rgba.png&preview=").body, encode_webp(rgba, {}, 90));
  EXPECT_EQ(view("rgba.png&preview=webp;999999999999").body, encode_webp(rgba, {}, 90));
  EXPECT_EQ(view("rgba.png&preview=webp;0").body, encode_webp(rgba, {}, 1));
  EXPECT_EQ(read_one(view("rgba.png&preview=webp&channel=rgb").body).channels, 3);
}

TEST_F(ViewPictures, APreviewIsJpegWhereNoAlphaIsWanted) {
  const Response response = view("rgb.png&preview=jpeg;80");
  EXPECT_EQ(response.type, "image/jpeg");
  EXPECT_EQ(response.body, encode_jpeg(rgb, {}, 80));
  EXPECT_EQ(view("rgba.png&preview=jpeg").type, "image/jpeg");
  EXPECT_EQ(view("rgba.png&preview=jpeg&channel=rgba").type, "image/webp");
  EXPECT_EQ(view("rgba.png&preview=jpeg&channel=a").type, "image/webp");
}

TEST_F(ViewPictures, AChannelIsAPngOfItAlone) {
  const Response colours = view("rgba.png&channel=rgb"), alpha = view("rgba.png&channel=a");
  EXPECT_EQ(colours.type, "image/png");
  EXPECT_EQ(alpha.type, "image/png");
  const Picture shown = read_one(colours.body), mask = read_one(alpha.body);
  ASSERT_EQ(shown.channels, 3);
  ASSERT_EQ(mask.channels, 4);
  for (size_t i = 0; i < 15; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      EXPECT_EQ(shown.pixels[3 * i + c], rgba.pixels[4 * i + c]);
      EXPECT_EQ(mask.pixels[4 * i + c], 0);
    }
    EXPECT_EQ(mask.pixels[4 * i + 3], rgba.pixels[4 * i + 3]);
  }
  EXPECT_EQ(read_one(view("rgb.png&channel=a").body).pixels[3], 255);
  EXPECT_EQ(view("rgba.png&channel=rgba").file, comfy.folder / "output/rgba.png");
}

TEST_F(ViewPictures, WhatIsNoPictureIsSaidToBeNone) {
  const Response response = view("no.png&preview=webp");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("no.png"));
  EXPECT_THAT(response.body, Not(HasSubstr(comfy.folder.path().string())));
}

TEST_F(View, FilesOfAFolderComeNewestFirst) {
  for (const char* name : {"old.png", "new.png", ".hidden", "sub/x.png"}) {
    write_text(comfy.folder / "output" / name, "");
  }
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(comfy.folder / "output/old.png", now - std::chrono::hours(1));
  EXPECT_EQ(comfy.json("/internal/files/output"), parse_json(R"(["new.png", "old.png"])"));
  EXPECT_EQ(comfy.json("/internal/files/temp"), Json::array());
  const Response response = comfy.get("/internal/files/models");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"error": "Invalid directory type"})");
  EXPECT_EQ(comfy.get("/api/internal/files/output").status, 404);
}

std::string safetensors(const std::string& header) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return bytes + header;
}

TEST_F(View, MetadataOfAModelAreThoseInItsHeader) {
  write_text(comfy.folder / "models/loras/a/cat.safetensors", safetensors(R"({"__metadata__": {"ss_tag": "é"},
      "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})"));
  EXPECT_EQ(comfy.json("/view_metadata/loras?filename=a/cat.safetensors"), parse_json(R"({"ss_tag": "é"})"));
  EXPECT_EQ(comfy.json("/api/view_metadata/loras?filename=a%2Fcat.safetensors").size(), 1);
}

TEST_F(View, ThereAreNoMetadataWhereNoneCanBeRead) {
  const fs::path loras = comfy.folder / "models/loras";
  write_text(loras / "none.safetensors", safetensors("{}"));
  write_text(loras / "list.safetensors", safetensors(R"({"__metadata__": []})"));
  write_text(loras / "short.safetensors", "\1\0\0"s);
  write_text(loras / "cut.safetensors", safetensors("{}").substr(0, 9));
  write_text(loras / "broken.safetensors", safetensors("{\"__metadata__\": {"));
  write_text(loras / "deep.safetensors", safetensors(std::string(100'000, '[')));
  write_text(loras / "huge.safetensors", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F{}");
  write_text(loras / "big.safetensors", safetensors(R"({"__metadata__": {"a": "b"}})" + std::string(1 << 20, ' ')));
  write_text(loras / "other.pt", safetensors(R"({"__metadata__": {"a": "b"}})"));
  for (const auto& file : fs::directory_iterator(loras)) {
    const std::string name = file.path().filename().string();
    EXPECT_EQ(comfy.get("/view_metadata/loras?filename=" + name).status, 404) << name;
  }
  EXPECT_EQ(comfy.get("/view_metadata/loras").status, 404);
  EXPECT_EQ(comfy.get("/view_metadata/loras?filename=../../secret.safetensors").status, 404);
  EXPECT_EQ(comfy.get("/view_metadata/nothing?filename=a.safetensors").status, 404);
}

}  // namespace
}  // namespace heddle::server
