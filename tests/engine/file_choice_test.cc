#include "engine/file_choice.h"

#include <gmock/gmock.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;

TEST(FileChoice, IsAFileOfTheFolderUnlessTheInputSaysMore) {
  const test::TemporaryFolder folder;
  test::write_text(folder / "vae/a.safetensors", "x");
  Folders folders;
  folders.models["vae"] = {folder / "vae"};
  InputSpec spec;
  spec.folder = "vae";
  EXPECT_THAT(file_choices(spec, folders), ElementsAre("a.safetensors"));
  EXPECT_FALSE(chosen_files(spec, "pair", folders));
  EXPECT_EQ(chosen_files(spec, "a.safetensors", folders)->front().name, "a.safetensors");

  spec.names.list = [](const Folders&) { return std::vector<std::string>{"pair"}; };
  spec.names.files = [](const std::string& name, const Folders&) -> std::optional<std::vector<FolderFile>> {
    if (name != "pair") return std::nullopt;
    return std::vector<FolderFile>{{"vae", "a.safetensors"}, {"vae", "b.safetensors"}};
  };
  EXPECT_THAT(file_choices(spec, folders), ElementsAre("pair"));
  EXPECT_EQ(chosen_files(spec, "pair", folders)->size(), 2u);
  EXPECT_FALSE(chosen_files(spec, "a.safetensors", folders));
}

TEST(FileChoice, FoldersAreFoundByAFileInThem) {
  const test::TemporaryFolder folder;
  for (const char* name : {"model.json", "b/model.json", "a/deep/model.json", "c/other.json"}) {
    test::write_text(folder / "diffusers" / name, "{}");
  }
  Folders folders;
  folders.models["diffusers"] = {folder / "diffusers"};
  EXPECT_THAT(folders.list_holders("diffusers", "model.json"), ElementsAre(".", "a/deep", "b"));
  EXPECT_TRUE(folders.list_holders("loras", "model.json").empty());
}

}  // namespace
}  // namespace heddle
