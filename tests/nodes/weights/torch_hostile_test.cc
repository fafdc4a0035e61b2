// Files whose tensors and storages lie, and those that want all of the memory: each is an error
// that says what was found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/torch_files.h"

namespace heddle::weights {
namespace {

namespace p = test::pickle;
using ::testing::AllOf;
using test::error_of;
using test::float_bytes;
using ::testing::HasSubstr;
using test::torch_legacy;
using test::torch_zip;

using TorchHostileTest = test::TorchErrors;

// --- tensors and storages ---

TEST_F(TorchHostileTest, ATensorMustLieWithinItsStorage) {
  const std::string four = p::storage("0", 4);
  const auto outside =
      AllOf(HasSubstr("tensor \"a\": size"), HasSubstr("but its storage \"0\" has 16"));
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {5}, {1})), outside);
  EXPECT_THAT(tensor_error(p::tensor(four, 1, {4}, {1})), outside);
  EXPECT_THAT(tensor_error(p::tensor(four, 4, {1}, {1})), outside);
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {2}, {4})), outside);
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {2, 2}, {3, 1})), outside);
  EXPECT_EQ(tensor_error(p::tensor(four, 0, {2, 2}, {2, 1})), "no error");
  EXPECT_EQ(tensor_error(p::tensor(four, 99, {0}, {1})), "no error");
}

TEST_F(TorchHostileTest, NumbersOfATensorMustBeSensible) {
  const std::string four = p::storage("0", 4);
  EXPECT_THAT(tensor_error(p::tensor(four, -1, {1}, {1})),
              HasSubstr("offset must be made of whole numbers from 0, not -1"));
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {-1}, {1})),
              HasSubstr("size must be made of whole numbers from 0, not -1"));
  EXPECT_THAT(tensor_error(p::tensor(four, 3, {4}, {-1})),
              HasSubstr("stride must be made of whole numbers from 0, not -1"));
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {2, 2}, {1})),
              HasSubstr("size [2, 2] and stride [1] have different lengths"));
  EXPECT_THAT(
      tensor_error(p::tensor(four, 0, std::vector<int64_t>(17, 1), std::vector<int64_t>(17, 1))),
      HasSubstr("has 17 numbers"));
  for (const auto& [size, stride] :
       std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{
           {{INT64_MAX, INT64_MAX}, {0, 0}},
           {{INT64_MAX}, {INT64_MAX}},
           {{INT64_MAX, 0}, {1, 1}},
           {{1 << 30, 1 << 30, 8}, {0, 0, 0}},
           {{2, 2}, {INT64_MAX, INT64_MAX}}}) {
    EXPECT_THAT(tensor_error(p::tensor(four, 0, size, stride)), HasSubstr("is too large"));
  }
  EXPECT_THAT(tensor_error(p::tensor(four, INT64_MAX, {2}, {1})), HasSubstr("is too large"));
}

TEST_F(TorchHostileTest, RepeatedElementsDoNotMakeAHugeTensor) {
  const std::string four = p::storage("0", 4);
  EXPECT_EQ(tensor_error(p::tensor(four, 0, {1000, 4}, {0, 1})), "no error");
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {1 << 30, 4}, {0, 1})),
              HasSubstr("repeats a storage of 16 bytes"));
}

TEST_F(TorchHostileTest, ViewsThatChangeTheNumbersAreErrors) {
  const std::string tensor =
      p::call(p::global("torch._utils", "_rebuild_tensor_v2"),
              {p::storage("0", 4), p::number(0), p::numbers({4}), p::numbers({1}), "\x89",
               p::ordered_dict(), p::dict({p::text("neg"), "\x88"})});
  EXPECT_THAT(tensor_error(tensor), HasSubstr("a negated or conjugated view"));
}

TEST_F(TorchHostileTest, StoragesAreMembersOfTheArchive) {
  for (const std::string key : {"1", "../../etc/passwd", "/etc/passwd", "../data.pkl", ""}) {
    EXPECT_THAT(tensor_error(p::floats(key, 4)),
                HasSubstr("the archive has no \"archive/data/" + key))
        << key;
  }
  EXPECT_THAT(tensor_error(p::floats("0", 5)),
              HasSubstr("takes 20 bytes, and the archive has 16 of it"));
  EXPECT_THAT(tensor_error(p::floats("0", 3)),
              HasSubstr("takes 12 bytes, and the archive has 16 of it"));
}

TEST_F(TorchHostileTest, AMemberThatLeavesTheFileIsAnError) {
  const std::string pickled = p::dict({p::text("a"), p::floats("0", 1000)});
  EXPECT_NE(error(torch_zip(pickled, {{"0", float_bytes({1}), 4000}})), "no error");
}

TEST_F(TorchHostileTest, TwoMembersOfOneNameAreAnError) {
  const std::string pickled = p::dict({p::text("a"), p::floats("0", 1)});
  EXPECT_THAT(error(torch_zip(pickled, {{"0", float_bytes({1})}, {"0", float_bytes({2})}})),
              HasSubstr("\"archive/data/0\" in the archive is there twice"));
}

TEST_F(TorchHostileTest, OldStoragesMustBeWhatThePickleSays) {
  const std::string pickled = p::dict({p::text("a"), p::floats("0", 1)});
  EXPECT_THAT(error(torch_legacy(pickled, {{"0", float_bytes({1}), 2}})),
              HasSubstr("of 1 elements has 2 here"));
  EXPECT_THAT(error(torch_legacy(pickled, {{"1", float_bytes({1})}})),
              HasSubstr("\"1\" is in the list of storages and no tensor is in it"));
  EXPECT_THAT(error(torch_legacy(pickled, {{"0", float_bytes({1})}, {"0", float_bytes({1})}})),
              HasSubstr("twice"));
  EXPECT_THAT(error(torch_legacy(pickled, {})),
              HasSubstr("\"0\" of tensor \"a\" is not in the file"));
}

// --- zip bombs ---

class ZipBombTest : public TorchHostileTest {
 protected:
  std::string bomb_error(const test::Members& members) const {
    return error_of(
        [&] { TensorFile::open(test::write_deflated(folder_ / "bomb.pt", members)); });
  }
};

TEST_F(ZipBombTest, StoragesThatUnpackToFarMoreThanTheFileAreAnError) {
  const std::string pickled = p::whole(p::dict({p::text("a"), p::floats("0", 1 << 20)}));
  EXPECT_THAT(bomb_error({{"a/data.pkl", pickled}, {"a/data/0", std::string(4 << 20, '\0')}}),
              HasSubstr("promises to unpack to 4194304, and no weights compress that well"));
}

TEST_F(ZipBombTest, ManySmallOnesAreSeenTogether) {
  p::Items items;
  test::Members members(1);
  for (int i = 0; i < 20; ++i) {
    const std::string key = std::to_string(i);
    items.insert(items.end(), {p::text(key), p::floats(key, 1 << 16)});
    members.push_back({"a/data/" + key, std::string(1 << 18, '\0')});
  }
  members[0] = {"a/data.pkl", p::whole(p::dict(items))};
  EXPECT_THAT(bomb_error(members), HasSubstr("no weights compress that well"));
}

TEST_F(ZipBombTest, SoDoesAPickle) {
  EXPECT_THAT(bomb_error({{"a/data.pkl", "\x80\x02" + std::string(4 << 20, '}')}}),
              HasSubstr("no weights compress that well"));
  EXPECT_THAT(bomb_error({{"a/data.pkl", std::string(65 << 20, '}')}}),
              HasSubstr("64 MiB is the most"));
}

TEST_F(ZipBombTest, AMemberThatIsNotAsLongAsItPromisesIsAnError) {
  const std::string pickled = p::whole(p::dict({p::text("a"), p::floats("0", 1000)}));
  const auto path = test::write_deflated(
      folder_ / "a.pt", {{"a/data.pkl", pickled}, {"a/data/0", std::string(3000, 'a')}});
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (size_t at; (at = bytes.find(test::little(3000, 4))) != bytes.npos;)
    bytes.replace(at, 4, test::little(4000, 4));
  test::write_bytes(path, bytes);
  EXPECT_THAT(error_of([&] { TensorFile::open(path)->tensor("a"); }),
              HasSubstr("cannot be unpacked to the 4000 bytes"));
}

}  // namespace
}  // namespace heddle::weights
