#include "nodes/weights/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/nodes/weights/model_files.h"

namespace heddle::weights {
namespace {

using test::error_of;
using ::testing::HasSubstr;
using test::TestFolder;

std::string open_error(const std::filesystem::path& path) {
  return error_of([&] { TensorFile::open(path); });
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const TestFolder folder;
  const std::map<std::string, at::Tensor> tensors = {
      {"half", at::arange(6).to(at::kHalf).reshape({2, 3})},
      {"brain", at::arange(5).to(at::kBFloat16)},
      {"single", at::rand({3, 4, 1, 1})},
      {"double", at::rand({2}, at::kDouble)},
      {"long", at::arange(4)},
      {"byte", at::full({3}, 200, at::kByte)},
      {"bool", at::ones({2}, at::kBool)},
      {"scalar", at::scalar_tensor(3.5, at::kFloat)},
      {"empty", at::empty({0}, at::kFloat)},
      {"transposed", at::arange(6).reshape({2, 3}).t()},
  };
  test::write_tensors(folder / "a.safetensors", tensors, {{"prompt", "a \"house\""}});
  const auto file = TensorFile::open(folder / "a.safetensors");
  EXPECT_EQ(file->metadata().at("prompt"), "a \"house\"");
  EXPECT_EQ(file->tensors().size(), tensors.size());
  for (const auto& [name, expected] : tensors) {
    const at::Tensor read = file->tensor(name);
    EXPECT_EQ(read.scalar_type(), expected.scalar_type()) << name;
    EXPECT_TRUE(at::equal(read, expected)) << name;
  }
}

TEST(Safetensors, EveryWrittenTensorIsAligned) {
  const TestFolder folder;
  test::write_tensors(folder / "a.safetensors",
                    {{"a", at::ones({3}, at::kByte)}, {"b", at::ones({1}, at::kDouble)}}, {});
  const auto file = TensorFile::open(folder / "a.safetensors");
  EXPECT_EQ(file->tensors().at("b").begin % 8, 0u);
}

TEST(Safetensors, MisalignedTensorsAreRead) {
  const TestFolder folder;
  std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  while (header.size() % 4 != 1) header += ' ';
  test::write_raw(folder / "a.safetensors", header, 8);
  const auto file = TensorFile::open(folder / "a.safetensors");
  EXPECT_TRUE(at::equal(file->tensor("a"), at::zeros({2})));
}

TEST(Safetensors, ATensorOutlivesItsFile) {
  const TestFolder folder;
  test::write_tensors(folder / "a.safetensors", {{"a", at::arange(1000)}}, {});
  const at::Tensor tensor = TensorFile::open(folder / "a.safetensors")->tensor("a");
  std::filesystem::remove(folder / "a.safetensors");
  EXPECT_TRUE(at::equal(tensor, at::arange(1000)));
}

TEST(Safetensors, AnUnknownTensorIsAnErrorThatNamesFileAndTensor) {
  const TestFolder folder;
  test::write_tensors(folder / "a.safetensors", {{"a", at::ones({3})}}, {});
  const auto file = TensorFile::open(folder / "a.safetensors");
  EXPECT_EQ(error_of([&] { file->tensor("b"); }), "a.safetensors: there is no tensor \"b\"");
}

TEST(Safetensors, AFileThatShrankWhileOpenIsAnErrorNotACrash) {
  const TestFolder folder;
  test::write_tensors(folder / "a.safetensors", {{"a", at::ones({100000})}}, {});
  const auto file = TensorFile::open(folder / "a.safetensors");
  std::filesystem::resize_file(folder / "a.safetensors", 1000);
  EXPECT_THAT(error_of([&] { file->tensor("a"); }),
              HasSubstr("a.safetensors: the file was changed while in use"));
}

TEST(Safetensors, AFileReplacedByRenamingStaysAsItWas) {
  const TestFolder folder;
  test::write_tensors(folder / "a.safetensors", {{"a", at::ones({3})}}, {});
  const auto file = TensorFile::open(folder / "a.safetensors");
  test::write_tensors(folder / "a.safetensors", {{"a", at::zeros({3})}}, {});
  EXPECT_TRUE(at::equal(file->tensor("a"), at::ones({3})));
}

TEST(Safetensors, ThingsThatAreNoFilesAreErrors) {
  const TestFolder folder;
  EXPECT_THAT(open_error(folder / "none"), HasSubstr("No such file"));
  EXPECT_THAT(open_error(folder / "."), HasSubstr("no regular file"));
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(open_error(folder / "pipe"), HasSubstr("no regular file"));
  std::ofstream(folder / "empty").close();
  EXPECT_THAT(open_error(folder / "empty"), HasSubstr("empty: the file is empty"));
}

TEST(Safetensors, WhatTheFormatCannotHoldIsAnError) {
  EXPECT_THAT(error_of([] { safetensors_bytes({}, {{"x", "\xff"}}); }), HasSubstr("no valid UTF-8"));
  EXPECT_THAT(error_of([] { safetensors_bytes({{"__metadata__", at::ones({1})}}, {}); }), HasSubstr("cannot hold"));
}

TEST(Safetensors, ThePocketCheckpointIsRead) {
  const auto path =
      std::filesystem::path(HEDDLE_SOURCE_DIR) / "models/checkpoints/pocket.safetensors";
  const auto file = TensorFile::open(path);
  EXPECT_EQ(file->tensors().size(), 742u);
  EXPECT_EQ(file->metadata().at("modelspec.title"), "pocket");
  EXPECT_EQ(file->tensor("first_stage_model.decoder.conv_in.weight").sizes(),
            (std::vector<int64_t>{128, 4, 3, 3}));
}

}  // namespace
}  // namespace heddle::weights
