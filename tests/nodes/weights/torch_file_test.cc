#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/torch_files.h"

namespace heddle::weights {
namespace {

namespace p = test::pickle;
using ::testing::AllOf;
using ::testing::ElementsAre;
using test::error_of;
using test::float_bytes;
using ::testing::HasSubstr;
using test::Members;
using test::torch_legacy;
using test::torch_zip;

class TorchFileTest : public ::testing::Test {
 protected:
  std::shared_ptr<const TensorFile> open(const std::string& bytes) const {
    return TensorFile::open(test::write_bytes(folder_ / "a.pt", bytes));
  }
  /// A file of one pickle with the storage "0" of four floats.
  std::shared_ptr<const TensorFile> open_zip(const std::string& pickled) const {
    return open(torch_zip(pickled, {{"0", float_bytes({1, 2, 3, 4})}}));
  }
  std::string error(const std::string& bytes) const {
    return error_of([&] { open(bytes); });
  }
  std::string error_of_zip(const std::string& pickled) const {
    return error_of([&] { open_zip(pickled); });
  }
  test::TestFolder folder_;
};

const std::string kTwo =
    p::dict({p::text("a"), p::floats("0", 2), p::text("b"), p::floats("1", 1)});
const Members kTwoStorages = {{"0", float_bytes({1, 2})}, {"1", float_bytes({3})}};

TEST_F(TorchFileTest, ContentDecidesNotTheExtension) {
  test::write_bytes(folder_ / "torch.safetensors", torch_zip(kTwo, kTwoStorages));
  EXPECT_EQ(TensorFile::open(folder_ / "torch.safetensors")->tensors().size(), 2u);
  test::write_tensors(folder_ / "other.ckpt", {{"a", at::ones({3})}}, {});
  EXPECT_EQ(TensorFile::open(folder_ / "other.ckpt")->tensors().size(), 1u);
}

TEST_F(TorchFileTest, AHeaderWhoseLengthBeginsLikeAPickleIsSafetensors) {
  std::string header = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  header.resize(0x280, ' ');
  test::write_raw(folder_ / "a.pt", header, 8);
  EXPECT_EQ(TensorFile::open(folder_ / "a.pt")->tensors().size(), 1u);
}

TEST_F(TorchFileTest, BothContainersGiveTheSame) {
  for (const std::string& bytes :
       {torch_zip(kTwo, kTwoStorages), torch_legacy(kTwo, kTwoStorages)}) {
    const auto file = open(bytes);
    EXPECT_THAT(file->names_in_order(), ElementsAre("a", "b"));
    EXPECT_TRUE(at::equal(file->tensor("a"), at::tensor({1.0f, 2.0f})));
    EXPECT_TRUE(at::equal(file->tensor("b"), at::tensor({3.0f})));
    EXPECT_EQ(error_of([&] { file->tensor("c"); }), "a.pt: there is no tensor \"c\"");
  }
}

TEST_F(TorchFileTest, StoragesAreReadAtEveryAlignment) {
  for (int pad = 0; pad < 4; ++pad) {
    const std::string pickled =
        p::dict({p::text(std::string(size_t(1 + pad), 'a')), p::floats("0", 2)});
    const auto file = open(torch_zip(pickled, {{"0", float_bytes({1, 2})}}));
    EXPECT_TRUE(at::equal(file->tensor(file->names_in_order()[0]), at::tensor({1.0f, 2.0f})))
        << pad;
  }
}

TEST_F(TorchFileTest, ATensorOutlivesItsFile) {
  at::Tensor tensor = open(torch_zip(kTwo, kTwoStorages))->tensor("a");
  std::filesystem::remove(folder_ / "a.pt");
  EXPECT_TRUE(at::equal(tensor, at::tensor({1.0f, 2.0f})));
}

TEST_F(TorchFileTest, AFileThatChangedIsAnError) {
  const auto file = open(torch_zip(kTwo, kTwoStorages));
  std::filesystem::resize_file(folder_ / "a.pt", 10);
  EXPECT_THAT(error_of([&] { file->tensor("a"); }), HasSubstr("was changed while in use"));
}

TEST_F(TorchFileTest, CompressedMembersAreUnpackedOnceForAllWhoHoldThem) {
  const std::vector<float> values(1000, 1.5f);
  const std::string pickled = p::dict({p::text("a"), p::floats("0", 1000), p::text("b"),
                                       p::tensor(p::storage("0", 1000), 10, {5}, {1})});
  const auto file =
      TensorFile::open(test::write_deflated(folder_ / "a.pt", {{"x/data.pkl", p::whole(pickled)},
                                                                  {"x/data/0", float_bytes(values)},
                                                                  {"x/byteorder", "little"}}));
  const at::Tensor a = file->tensor("a");
  EXPECT_TRUE(at::equal(a, at::full({1000}, 1.5f)));
  EXPECT_EQ(static_cast<const float*>(a.data_ptr()) + 10, file->tensor("b").data_ptr());
  EXPECT_EQ(file->tensors().at("a").end, 0u);
}

TEST_F(TorchFileTest, TheOnlyKeyIsLeftOutIfItIsADictionary) {
  EXPECT_THAT(open_zip(p::dict({p::text("model"), p::dict({p::text("a"), p::floats("0", 4)})}))
                  ->names_in_order(),
              ElementsAre("a"));
  EXPECT_THAT(open_zip(p::dict({p::text("m"), p::dict({p::text("a"), p::floats("0", 4)}),
                                p::text("n"), "N"}))
                  ->names_in_order(),
              ElementsAre("m.a"));
  EXPECT_THAT(open_zip(p::dict({p::text("a"), p::floats("0", 4)}))->names_in_order(),
              ElementsAre("a"));
}

TEST_F(TorchFileTest, NestedNamesAreJoined) {
  const std::string lists = p::list({p::tuple({"N", p::dict({p::number(-3), p::floats("0", 4)})})});
  EXPECT_THAT(open_zip(p::dict({p::text("l"), lists, p::text("n"), "N"}))->names_in_order(),
              ElementsAre("l[0][1].-3"));
}

TEST_F(TorchFileTest, PairsOfPython2AndClassesOfModulesAreRead) {
  const std::string pairs = p::call(p::global("collections", "OrderedDict"),
                                    {p::list({p::list({p::text("*"), p::floats("0", 4)})})});
  const std::string type =
      p::tuple({p::text("module"), p::global("torch.nn.modules.container", "ParameterDict"),
                p::text("container.py"), p::text("import os")}) +
      "Q";
  const std::string module = type + ")\x81" + p::dict({p::text("_parameters"), pairs}) + "b";
  const auto file = open(
      torch_legacy(p::dict({p::text("string_to_param"), module, p::text("name"), p::text("x")}),
                   {{"0", float_bytes({1, 2, 3, 4})}}));
  EXPECT_THAT(file->names_in_order(), ElementsAre("string_to_param.*"));
}

TEST_F(TorchFileTest, OtherByteOrdersAreErrors) {
  Members members = {{"a/data.pkl", p::whole("}")}, {"a/byteorder", "big"}};
  EXPECT_THAT(error(test::zip_bytes(members)),
              AllOf(HasSubstr("\"big\""), HasSubstr("safetensors.torch.save_file")));
  std::string legacy = torch_legacy(kTwo, kTwoStorages);
  legacy[legacy.find('\x88')] = '\x89';
  EXPECT_THAT(error(legacy), HasSubstr("not little-endian"));
}

TEST_F(TorchFileTest, WhatIsNoFileOfTensorsIsCalledByItsName) {
  EXPECT_THAT(error(test::zip_bytes({{"word/document.xml", "<a/>"}})),
              HasSubstr("no FOLDER/data.pkl"));
  EXPECT_THAT(error(test::zip_bytes({})), HasSubstr("a.pt: "));
  EXPECT_THAT(error(test::zip_bytes({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}})),
              HasSubstr("two files of tensors"));
  EXPECT_THAT(error(test::zip_bytes({{"a/data.pkl", "N."}, {"a/constants.pkl", "N."}})),
              HasSubstr("TorchScript"));
  EXPECT_THAT(error(p::whole(p::dict({p::text("a"), p::number(1)}))),
              HasSubstr("a Python pickle, but not one that torch.save wrote"));
  EXPECT_THAT(error_of_zip(p::number(3)),
              HasSubstr("a dictionary or list of tensors was expected"));
  EXPECT_THAT(error_of_zip(p::floats("0", 4)),
              HasSubstr("a dictionary or list of tensors was expected"));
}

}  // namespace
}  // namespace heddle::weights
