#include "engine/folders.h"

#include <gmock/gmock.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;
using test::TemporaryFolder;
using test::write_text;

TEST(Folders, ListsModelsBelowTheirFolderSorted) {
  const TemporaryFolder folder;
  for (const char* name : {"loras/b.safetensors", "loras/sub/a.pt", "loras/readme.txt", "loras/.git/x.pt", "loras/a.ckpt"}) {
    write_text(folder / name, "x");
  }
  Folders folders;
  folders.add_model_root(folder.path());
  EXPECT_THAT(folders.list("loras"), ElementsAre("a.ckpt", "b.safetensors", "sub/a.pt"));
  EXPECT_THAT(folders.list("vae"), ElementsAre());
}

TEST(Folders, TheFirstRootThatHasAFileWins) {
  const TemporaryFolder one, two;
  write_text(two / "vae/a.pt", "x");
  Folders folders;
  folders.add_model_root(one.path());
  folders.add_model_root(two.path());
  EXPECT_EQ(folders.find("vae", "a.pt"), two / "vae/a.pt");
  write_text(one / "vae/a.pt", "x");
  EXPECT_EQ(folders.find("vae", "a.pt"), one / "vae/a.pt");
}

TEST(Folders, NamesThatLeaveTheFolderAreNotFound) {
  const TemporaryFolder folder;
  write_text(folder / "secret.pt", "x");
  write_text(folder / "vae/a.pt", "x");
  Folders folders;
  folders.add_model_root(folder.path());
  for (const std::string& name : {std::string("../secret.pt"), (folder / "secret.pt").string(), std::string("sub/../../secret.pt"),
                                  std::string(""), std::string("a.pt\0.png", 9)}) {
    EXPECT_EQ(folders.find("vae", name), std::nullopt) << name;
  }
}

TEST(Folders, InputsMayBeBesideTheGraphOrNameAnotherFolder) {
  const TemporaryFolder folder;
  Folders folders;
  folders.input = folder / "input";
  folders.output = folder / "output";
  folders.beside = folder / "graphs";
  write_text(folder / "input/a.png", "x");
  write_text(folder / "output/b.png", "x");
  EXPECT_EQ(folders.find("input", "a.png"), folder / "input/a.png");
  EXPECT_EQ(folders.find("input", "b.png [output]"), folder / "output/b.png");
  write_text(folder / "graphs/a.png", "x");
  EXPECT_EQ(folders.find("input", "a.png"), folder / "graphs/a.png");
}

TEST(Folders, ExtraModelPathsAreRead) {
  const TemporaryFolder folder;
  write_text(folder / "paths.yaml",
             "a111:\n  base_path: webui\n  checkpoints: models/ckpt\n  loras: |\n    models/one\n    models/two\n"
             "fast:\n  is_default: true\n  checkpoints: /disk/fast\n  unet: nets\n");
  Folders folders;
  folders.add_model_root("/own");
  add_extra_model_paths(folders, folder / "paths.yaml");
  EXPECT_THAT(folders.models["checkpoints"], ElementsAre("/disk/fast", "/own/checkpoints", folder / "webui/models/ckpt"));
  EXPECT_THAT(folders.models["loras"], ElementsAre("/own/loras", folder / "webui/models/one", folder / "webui/models/two"));
  EXPECT_EQ(folders.models["diffusion_models"].front(), folder / "nets");
}

TEST(Folders, ABadPathsFileIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;
  write_text(folder / "bad.yaml", "a: [1, 2\n");
  Folders folders;
  try {
    add_extra_model_paths(folders, folder / "bad.yaml");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("bad.yaml"));
  }
}

}  // namespace
}  // namespace heddle
