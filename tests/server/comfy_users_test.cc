#include "engine/atomic_file.h"
#include "tests/server/site_testing.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using namespace test;

struct Settings : ::testing::Test {
  ComfySite comfy;
  fs::path file = comfy.folder / "user/default/comfy.settings.json";
};

TEST_F(Settings, ThereIsOneUser) {
  EXPECT_EQ(comfy.get("/users").body, R"({"storage": "server", "migrated": false})");
  fs::create_directories(file.parent_path());
  EXPECT_EQ(comfy.get("/api/users").body, R"({"storage": "server", "migrated": true})");
  const Response taken = comfy.post("/users", R"({"username": "default"})");
  EXPECT_EQ(taken.status, 400);
  EXPECT_EQ(taken.body, R"({"error": "Duplicate username."})");
  EXPECT_EQ(comfy.post("/users", R"({"username": "ann"})").body,
            R"({"error": "This server has one user and takes no others."})");
  EXPECT_THAT(comfy.post("/users", "{}").body, HasSubstr("expected {\"username\": NAME}"));
}

TEST_F(Settings, TheyAreEmptyAtFirst) {
  EXPECT_EQ(comfy.get("/settings").body, "{}");
  EXPECT_EQ(comfy.get("/api/settings/Comfy.ColorPalette").body, "null");
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(Settings, WhatIsSetIsKept) {
  const Response response = comfy.post("/settings/Comfy.ColorPalette", R"("dark")");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(comfy.get("/settings/Comfy.ColorPalette").body, R"("dark")");
  EXPECT_EQ(comfy.post("/api/settings/a%2Fb", "[1, {\"x\": null}]").status, 200);
  EXPECT_EQ(read_file(file), R"({
    "Comfy.ColorPalette": "dark",
    "a/b": [
        1,
        {
            "x": null
        }
    ]
})");
}

TEST_F(Settings, AnObjectIsMergedKeyByKey) {
  comfy.post("/settings", R"({"a": {"x": 1}, "b": 2})");
  EXPECT_EQ(comfy.post("/settings", R"({"a": {"y": 1}, "c": 3})").status, 200);
  EXPECT_EQ(comfy.json("/settings"), parse_json(R"({"a": {"y": 1}, "b": 2, "c": 3})"));
}

TEST_F(Settings, WhatIsNoJsonChangesNothing) {
  comfy.post("/settings", R"({"a": 1})");
  EXPECT_THAT(comfy.post("/settings", "{\"a\": ").body, HasSubstr("the body is not JSON: line 1"));
  EXPECT_EQ(comfy.post("/settings", "[]").status, 400);
  EXPECT_EQ(comfy.post("/settings", "").status, 400);
  EXPECT_EQ(comfy.post("/settings/a", "").status, 400);
  EXPECT_EQ(comfy.get("/settings").body, R"({"a": 1})");
}

TEST_F(Settings, ADamagedFileCountsAsNoneAndIsKept) {
  for (const char* damaged : {"{\"a\": 1", "[]", ""}) {
    ++comfy.now;
    write_text(file, damaged);
    EXPECT_EQ(comfy.get("/settings").body, "{}");
    EXPECT_EQ(comfy.post("/settings/b", "2").status, 200);
    EXPECT_EQ(comfy.get("/settings").body, R"({"b": 2})");
    EXPECT_EQ(read_file(file.string() + ".damaged-" + std::to_string(comfy.now)), damaged);
  }
}

TEST_F(Settings, AFileThatCannotBeReadIsNotWrittenOver) {
  fs::create_directories(file);
  EXPECT_THROW(comfy.get("/settings"), std::runtime_error);
  EXPECT_THROW(comfy.post("/settings/a", "1"), std::runtime_error);
}

}  // namespace
}  // namespace heddle::server
