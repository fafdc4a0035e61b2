#include "engine/server/safe_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace heddle::server {
namespace {
namespace fs = std::filesystem;

class SafePath : public testing::Test {
 protected:
  SafePath() {
    fs::remove_all(base_);
    fs::create_directories(root_ / "sub");
    fs::create_directories(base_ / "root-too");
    std::ofstream(base_ / "secret.txt") << "secret";
    std::ofstream(root_ / "a.txt") << "a";
  }
  ~SafePath() override { fs::remove_all(base_); }

  const fs::path base_ = fs::path(testing::TempDir()) / ("safe_path_" + std::to_string(getpid()));
  const fs::path root_ = base_ / "root";
};

TEST_F(SafePath, NamesBelowTheFolderAreFoundThereWhetherTheyExistOrNot) {
  EXPECT_EQ(inside(root_, "a.txt"), root_ / "a.txt");
  EXPECT_EQ(inside(root_, "sub/new/deep.png"), root_ / "sub/new/deep.png");
  EXPECT_EQ(inside(root_, "Häuser (1) … 猫.png"), root_ / "Häuser (1) … 猫.png");
  EXPECT_EQ(inside(root_, "a..b/c.d..png"), root_ / "a..b/c.d..png");
}

TEST_F(SafePath, WhatCouldLeaveTheFolderIsRefused) {
  const std::string refused[] = {
      "",                        // the folder itself
      "..",                      //
      "../secret.txt",           //
      "sub/../../secret.txt",    //
      "sub/..",                  //
      "./a.txt",                 //
      "sub/./x",                 //
      "/etc/passwd",             //
      "//etc/passwd",            //
      "sub//x",                  //
      "sub/",                    //
      "..\\secret.txt",          //
      "sub\\x",                  //
      "C:\\x",                   //
      ".hidden",                 //
      "sub/.git/config",         //
      std::string("a.txt\0x", 7),  //
      "a\nb",                    //
      "a\x7f",                   //
      "a\xC2\x85",               // a C1 control character
      "a\xFF",                   // not UTF-8
      "\xC0\xAE\xC0\xAE/x",      // an overlong ..
      "\xE2\x88\x95x",           // U+2215
      "\xE2\x81\x84x",           // U+2044
      "\xEF\xBC\x8E\xEF\xBC\x8E/x",    // U+FF0E
      "..\xEF\xBC\x8Fsecret.txt",      // U+FF0F
      "..\xEF\xBC\xBCsecret.txt",      // U+FF3C
      "x\xE2\x80\xA4png",              // U+2024
      std::string(256, 'a'),           //
      std::string(3000, 'a') + "/" + std::string(3000, 'a'),
  };
  for (const std::string& name : refused) EXPECT_EQ(inside(root_, name), std::nullopt) << name;
}

TEST_F(SafePath, LinksMayLeadInsideTheFolderOnly) {
  fs::create_symlink(base_ / "secret.txt", root_ / "out.txt");
  fs::create_directory_symlink(base_, root_ / "up");
  fs::create_directory_symlink(base_ / "root-too", root_ / "beside");
  fs::create_symlink(base_ / "not-yet.txt", root_ / "dangling.txt");
  fs::create_symlink("loop", root_ / "loop");
  fs::create_directory_symlink("sub", root_ / "in");
  EXPECT_EQ(inside(root_, "out.txt"), std::nullopt);
  EXPECT_EQ(inside(root_, "up/secret.txt"), std::nullopt);
  EXPECT_EQ(inside(root_, "up/root/a.txt"), std::nullopt);
  EXPECT_EQ(inside(root_, "up/new.txt"), std::nullopt);
  EXPECT_EQ(inside(root_, "beside/x"), std::nullopt) << "a folder whose name begins alike";
  EXPECT_EQ(inside(root_, "dangling.txt"), std::nullopt) << "writing to it would make a file outside";
  EXPECT_EQ(inside(root_, "loop"), std::nullopt);
  EXPECT_EQ(inside(root_, "in/x.txt"), root_ / "in/x.txt");
}

TEST_F(SafePath, TheFolderItselfMayBeReachedByALink) {
  fs::create_directory_symlink(root_, base_ / "link");
  EXPECT_EQ(inside(base_ / "link", "a.txt"), base_ / "link" / "a.txt");
}

TEST_F(SafePath, AFolderThatIsNotThereYetRefusesAndAllowsTheSame) {
  EXPECT_EQ(inside(base_ / "later", "a.txt"), base_ / "later" / "a.txt");
  EXPECT_EQ(inside(base_ / "later", "../a.txt"), std::nullopt);
}

TEST_F(SafePath, AFileOnTheWayIsNoFolder) {
  // ENOTDIR: nothing is there, and nothing can be; it is inside all the same.
  EXPECT_EQ(inside(root_, "a.txt/b"), root_ / "a.txt/b");
}

}  // namespace
}  // namespace heddle::server
