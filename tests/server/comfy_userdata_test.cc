#include "engine/atomic_file.h"
#include "tests/server/site_testing.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using namespace test;

struct UserDataTest : ::testing::Test {
  int status(const std::string& method, const std::string& target) { return comfy.send(method, target, "new").status; }

  ComfySite comfy;
  fs::path user = comfy.folder / "user/default";
};

TEST_F(UserDataTest, AFileIsOneSegmentOfThePath) {
  const Response saved = comfy.post("/api/userdata/workflows%2Fmy%20first.json", "{\"a\": 1}");
  EXPECT_EQ(saved.status, 200);
  EXPECT_EQ(saved.body, R"("workflows/my first.json")");
  EXPECT_EQ(read_file(user / "workflows/my first.json"), "{\"a\": 1}");
  const Response read = comfy.get("/userdata/workflows%2Fmy%20first.json");
  EXPECT_EQ(read.file, user / "workflows/my first.json");
  EXPECT_EQ(read.type, "application/json");
  EXPECT_EQ(comfy.get("/userdata/workflows%252Fmy%2520first.json").file, read.file) << "encoded twice";
  EXPECT_EQ(comfy.get("/userdata/workflows/my%20first.json").status, 404) << "two segments";
}

TEST_F(UserDataTest, NamesMayHavePercentSignsAndDots) {
  EXPECT_EQ(comfy.post("/userdata/100%25.json", "x").body, R"("100%.json")");
  EXPECT_TRUE(fs::exists(user / "100%.json"));
  EXPECT_EQ(comfy.post("/userdata/workflows%2F.index.json", "x").status, 200) << "the frontend's list of bookmarks";
  EXPECT_EQ(comfy.get("/userdata/workflows%2F.index.json").status, 200);
}

TEST_F(UserDataTest, WhatIsNotThereIs404) {
  for (const char* target : {"/userdata/user.css", "/userdata/a%2Fb.json"}) {
    EXPECT_EQ(status("GET", target), 404);
    EXPECT_EQ(status("DELETE", target), 404);
    EXPECT_EQ(status("POST", std::string(target) + "/move/b.json"), 404);
  }
  fs::create_directories(user / "folder");
  EXPECT_EQ(status("GET", "/userdata/folder"), 404);
  EXPECT_EQ(status("DELETE", "/userdata/folder"), 404);
}

TEST_F(UserDataTest, FilesAreReplacedUnlessThatIsRefused) {
  comfy.post("/userdata/a.json", "1");
  EXPECT_EQ(comfy.post("/userdata/a.json", "2").status, 200);
  const Response refused = comfy.post("/userdata/a.json?overwrite=false", "3");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body, "File already exists");
  EXPECT_EQ(read_file(user / "a.json"), "2");
  EXPECT_EQ(comfy.post("/userdata/b.json?overwrite=false", "").status, 200);
  EXPECT_EQ(read_file(user / "b.json"), "");
}

TEST_F(UserDataTest, WithFullInfoTheAnswerTellsSizeAndTimes) {
  const Response response = comfy.post("/userdata/w%2Fa.json?full_info=true", "12345");
  const Json info = parse_json(response.body);
  EXPECT_EQ(info["path"], "w/a.json");
  EXPECT_EQ(info["size"], 5);
  EXPECT_GT(info["modified"].get<double>(), 1.6e9);
  EXPECT_GT(info["created"].get<double>(), 1.6e9);
}

TEST_F(UserDataTest, FilesAreRemovedAndMoved) {
  comfy.post("/userdata/a.json", "1");
  comfy.post("/userdata/b.json", "2");
  EXPECT_EQ(status("POST", "/userdata/a.json/move/b.json?overwrite=false"), 409);
  EXPECT_EQ(comfy.post("/api/userdata/a.json/move/new%2Fc.json", "").body, R"("new/c.json")");
  EXPECT_EQ(read_file(user / "new/c.json"), "1");
  EXPECT_FALSE(fs::exists(user / "a.json"));
  EXPECT_EQ(parse_json(comfy.post("/userdata/b.json/move/new%2Fc.json?full_info=true", "").body)["path"], "new/c.json");
  EXPECT_EQ(read_file(user / "new/c.json"), "2");
  const Response removed = comfy.send("DELETE", "/userdata/new%2Fc.json");
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.body, "");
  EXPECT_FALSE(fs::exists(user / "new/c.json"));
}

TEST_F(UserDataTest, NamesThatStandInEachOthersWayAreRefused) {
  comfy.post("/userdata/a.json", "1");
  comfy.post("/userdata/folder%2Fb.json", "1");
  EXPECT_EQ(status("POST", "/userdata/a.json%2Fb.json"), 400) << "a.json is no folder";
  EXPECT_EQ(status("POST", "/userdata/folder"), 409);
  EXPECT_EQ(status("POST", "/userdata/a.json/move/folder"), 409);
  EXPECT_EQ(read_file(user / "a.json"), "1");
}

TEST_F(UserDataTest, NothingOutsideIsReadWrittenOrMoved) {
  plant_secret(comfy, user);
  write_text(user / "mine.json", "mine");
  for (const std::string& name : names_that_lead_out()) {
    for (const std::string& sent : {percent_encoded(name), percent_encoded(percent_encoded(name))}) {
      for (const char* method : {"GET", "POST", "DELETE"}) {
        EXPECT_THAT(status(method, "/userdata/" + sent), AnyOf(403, 404)) << method << " " << sent;
      }
      EXPECT_THAT(status("POST", "/userdata/mine.json/move/" + sent), AnyOf(403, 404)) << sent;
      EXPECT_THAT(status("POST", "/userdata/" + sent + "/move/stolen.json"), AnyOf(403, 404)) << sent;
    }
    EXPECT_THAT(status("GET", "/userdata?dir=" + percent_encoded(name)), AnyOf(403, 404)) << name;
    EXPECT_THAT(status("GET", "/v2/userdata?path=" + percent_encoded(name)), AnyOf(403, 404)) << name;
  }
  EXPECT_EQ(status("GET", "/userdata/../../secret.txt"), 404);
  EXPECT_EQ(status("GET", "/userdata/link.txt%00.json"), 404);
  EXPECT_EQ(status("GET", "/userdata/link.txt%2500.json"), 404);
  EXPECT_EQ(status("GET", "/userdata?dir=out"), 403);
  EXPECT_EQ(read_file(comfy.folder / "secret.txt"), "secret");
  EXPECT_EQ(read_file(user / "mine.json"), "mine");
  EXPECT_EQ(comfy.json("/userdata?dir=."), parse_json(R"(["mine.json"])")) << "links that lead out are not listed";
  EXPECT_EQ(comfy.json("/v2/userdata?path=").size(), 1);
}

TEST_F(UserDataTest, AListNamesTheFilesOfAFolder) {
  for (const char* name : {"w/b.json", "w/a.json", "w/sub/c.json", "w/.hidden", "w/.git/x", "other.json"}) {
    write_text(user / name, "123");
  }
  EXPECT_EQ(comfy.json("/userdata?dir=w"), parse_json(R"(["a.json", "b.json"])"));
  EXPECT_EQ(comfy.json("/api/userdata?dir=w%2F&recurse=true"), parse_json(R"(["a.json", "b.json", "sub/c.json"])"));
  EXPECT_EQ(comfy.json("/userdata?dir=w&recurse=true&split=true&full_info=false"),
            parse_json(R"([["a.json", "a.json"], ["b.json", "b.json"], ["sub/c.json", "sub", "c.json"]])"));
  const Json info = comfy.json("/userdata?dir=w%2Fsub&recurse=true&split=false&full_info=true");
  ASSERT_EQ(info.size(), 1);
  EXPECT_EQ(info[0]["path"], "c.json");
  EXPECT_EQ(info[0]["size"], 3);
  EXPECT_TRUE(info[0]["modified"].is_number_float());
}

TEST_F(UserDataTest, AListOfNoFolderIsRefusedInTheWordsOfComfyUI) {
  const Response none = comfy.get("/userdata"), missing = comfy.get("/userdata?dir=workflows");
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(none.body, "Directory not provided");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, "Directory not found");
}

TEST_F(UserDataTest, TheSecondListTellsTheWholeTree) {
  EXPECT_EQ(comfy.json("/v2/userdata"), Json::array()) << "before there is a user's folder";
  for (const char* name : {"w/Zoo.json", "w/ant.json", "w/deep/x.json", "comfy.settings.json"}) {
    write_text(user / name, "{}");
  }
  Json tree = comfy.json("/api/v2/userdata");
  ASSERT_EQ(tree.size(), 6);
  EXPECT_EQ(tree[0], parse_json(R"({"name": "deep", "path": "w/deep", "type": "directory"})"));
  EXPECT_EQ(tree[1]["path"], "w");
  EXPECT_EQ(tree[2]["name"], "ant.json");
  EXPECT_EQ(tree[2]["path"], "w/ant.json");
  EXPECT_EQ(tree[2]["type"], "file");
  EXPECT_EQ(tree[2]["size"], 2);
  EXPECT_EQ(tree[5]["name"], "Zoo.json");
  const Json below = comfy.json("/v2/userdata?path=w%2Fdeep");
  ASSERT_EQ(below.size(), 1);
  EXPECT_EQ(below[0]["path"], "w/deep/x.json");
  EXPECT_EQ(comfy.get("/v2/userdata?path=nothing").status, 404);
  EXPECT_EQ(comfy.get("/v2/userdata?path=w%2Fant.json").status, 400);
}

TEST_F(UserDataTest, StyleSheetsAreStyleSheetsAndPagesAreDownloads) {
  comfy.post("/userdata/user.css", "body {}");
  comfy.post("/userdata/page.html", "<script>");
  comfy.post("/userdata/drawing.svg", "<svg>");
  EXPECT_EQ(comfy.get("/userdata/user.css").type, "text/css");
  for (const char* name : {"page.html", "drawing.svg"}) {
    const Response response = comfy.get(std::string("/userdata/") + name);
    EXPECT_EQ(response.type, "application/octet-stream");
    EXPECT_THAT(header_of(response, "Content-Disposition"), HasSubstr("attachment"));
  }
}

}  // namespace
}  // namespace heddle::server
