// Files that lie, that want to be programs, or that want all of the memory: each is an error that
// says what was found.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/weights/pickle_reader.h"
#include "tests/nodes/weights/torch_files.h"

namespace heddle::weights {
namespace {

namespace p = testing::pickle;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::error_of;
using testing::float_bytes;
using testing::torch_legacy;
using testing::torch_zip;

class TorchHostileTest : public ::testing::Test {
 protected:
  std::string error(const std::string& bytes) const {
    return error_of([&] { TensorFile::open(testing::write_bytes(folder_ / "a.pt", bytes)); });
  }
  /// Of an archive with the pickle and the storage "0" of four floats.
  std::string pickle_error(const std::string& pickled) const {
    return error(torch_zip(pickled, {{"0", float_bytes({1, 2, 3, 4})}}));
  }
  std::string tensor_error(const std::string& tensor) const {
    return pickle_error(p::dict({p::text("a"), tensor}));
  }
  testing::TestFolder folder_;
};

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

// --- programs ---

TEST_F(TorchHostileTest, ANameThatIsNotOfATensorIsRefusedByName) {
  for (const auto& [module, name] : {std::pair{"os", "system"}, {"builtins", "eval"}, {"torch", "load"},
                                     {"numpy.core.multiarray", "_reconstruct"}, {"torch.cuda", "float32"}}) {
    EXPECT_THAT(pickle_error(p::call(p::global(module, name), {p::text("echo")})),
                AllOf(StartsWith("a.pt: byte 2 of \"archive/data.pkl\" in the archive: the file asks for \""),
                      HasSubstr(std::string(module) + "." + name), HasSubstr("safetensors.torch.save_file")));
  }
  EXPECT_THAT(pickle_error(p::text("posix") + p::text("system") + "\x93"), HasSubstr("\"posix.system\""));
}

TEST_F(TorchHostileTest, AnOpcodeThatNoTensorNeedsIsRefusedByName) {
  EXPECT_THAT(pickle_error("(S'ls'\n"), HasSubstr("byte 3 of \"archive/data.pkl\" in the archive: the opcode STRING (83)"));
  EXPECT_THAT(pickle_error("(ios\nsystem\n"), HasSubstr("the opcode INST (105)"));
  EXPECT_THAT(pickle_error("N0"), HasSubstr("the opcode POP (48)"));
  EXPECT_THAT(pickle_error("\xfe"), HasSubstr("254 is no opcode"));
  EXPECT_THAT(pickle_error("\x80\x06"), HasSubstr("pickle protocol 6"));
}

TEST_F(TorchHostileTest, KnownNamesCannotBeCalledInOtherWays) {
  const std::string rebuild = p::global("torch._utils", "_rebuild_tensor_v2");
  EXPECT_THAT(pickle_error(p::call(rebuild, {})), HasSubstr("arguments that do not belong to a tensor"));
  EXPECT_THAT(pickle_error(p::call(rebuild, {p::number(1)})), HasSubstr("arguments that do not belong"));
  EXPECT_THAT(pickle_error(p::call(p::global("torch", "FloatStorage"), {p::number(1)})), HasSubstr("\"torch.FloatStorage\""));
  EXPECT_THAT(pickle_error(p::call(p::global("torch", "Size"), {p::number(1)})), HasSubstr("\"torch.Size\""));
  EXPECT_THAT(pickle_error(p::call(p::global("torch._utils", "_rebuild_parameter"), {"N"})), HasSubstr("_rebuild_parameter"));
  EXPECT_THAT(pickle_error(rebuild + ")\x81"), HasSubstr("_rebuild_tensor_v2"));
  EXPECT_THAT(pickle_error(p::call(p::text("f"), {})), HasSubstr("something is called that is no name"));
  EXPECT_THAT(tensor_error(p::floats("0", 4) + "}b"), HasSubstr("a Python object with attributes"));
}

// --- damaged pickles ---

TEST_F(TorchHostileTest, EveryTruncationIsAnError) {
  const std::string pickled = p::dict({p::text("a"), p::floats("0", 4)});
  const std::string whole = p::whole(pickled);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(error(testing::zip_bytes({{"a/data.pkl", whole.substr(0, length)}, {"a/data/0", std::string(16, 'a')}})), "no error");
  }
  for (const std::string& file : {torch_zip(pickled, {{"0", std::string(16, 'a')}}), torch_legacy(pickled, {{"0", std::string(16, 'a')}})}) {
    for (size_t length = 0; length < file.size(); ++length) {
      EXPECT_NE(error(file.substr(0, length)), "no error") << length;
    }
  }
  const std::string legacy = torch_legacy(pickled, {{"0", std::string(16, 'a')}});
  EXPECT_THAT(error(legacy.substr(0, legacy.size() - 1)), HasSubstr("the download is incomplete"));
}

TEST_F(TorchHostileTest, AStackThatRunsEmptyIsAnError) {
  for (const std::string opcodes : {"s", "R", "a", "Q", "b", "q\1", "t", "u", "e", "\x85", "\x87", "\x90", "\x93", "\x94",
                                    "(s", "N(R", "}(Nu", "N(Ne", "NNa", "NNNs", "h\1", "NN", "(N", "", "NNR"}) {
    EXPECT_THAT(pickle_error(opcodes), HasSubstr("damaged pickle")) << opcodes;
  }
}

TEST_F(TorchHostileTest, LengthsBeyondTheEndAreErrors) {
  for (const std::string opcode : {"X", "T", "B", "\x8b"}) {
    EXPECT_THAT(pickle_error(opcode + "\xff\xff\xff\xff"), HasSubstr("needs 4294967295 bytes more")) << opcode;
  }
  for (const std::string opcode : {"\x8d", "\x8e"}) {
    EXPECT_THAT(pickle_error(opcode + std::string(8, '\xff')), HasSubstr("needs 18446744073709551615 bytes more"));
  }
  EXPECT_THAT(pickle_error("c" + std::string(1000, 'a')), HasSubstr("a Python name of at most 256 bytes"));
}

TEST_F(TorchHostileTest, AWrongPersistentIdIsAnError) {
  const std::string type = p::global("torch", "FloatStorage");
  for (const std::string& id :
       {p::text("0"), p::tuple({}), p::tuple({p::text("file"), type, p::text("0"), p::text("cpu"), p::number(1)}),
        p::tuple({p::text("storage"), p::text("a"), p::text("0"), p::text("cpu"), p::number(1)}),
        p::tuple({p::text("storage"), type, p::number(0), p::text("cpu"), p::number(1)}),
        p::tuple({p::text("storage"), type, p::text("0"), p::text("cpu"), p::number(-1)}),
        p::tuple({p::text("storage"), type, p::text(std::string(1000, '0')), p::text("cpu"), p::number(1)}),
        p::tuple({p::text("storage"), type, p::text("0"), p::text("cpu"), p::text("1")})}) {
    EXPECT_THAT(pickle_error(id + "Q"), HasSubstr("a persistent id must be"));
  }
  EXPECT_THAT(pickle_error(p::storage("0", INT64_MAX)), HasSubstr("is too large"));
  EXPECT_THAT(pickle_error(p::tuple({p::storage("0", 4), p::storage("0", 3)})), HasSubstr("another type or size"));
  EXPECT_THAT(pickle_error(p::tuple({p::storage("0", 4), p::storage("0", 4, "IntStorage")})), HasSubstr("another type or size"));
}

// --- memory and time ---

TEST_F(TorchHostileTest, LoopsThroughTheMemoEnd) {
  // a list in itself, a dictionary in itself, one inside the other
  EXPECT_THAT(pickle_error("]q\1h\1a"), HasSubstr("inside of itself"));
  EXPECT_THAT(pickle_error("}q\1" + p::text("a") + "h\1s"), HasSubstr("inside of itself"));
  EXPECT_THAT(pickle_error("]q\1}q\2" + p::text("a") + "h\1sa"), HasSubstr("inside of itself"));
  EXPECT_THAT(pickle_error("}q\1" + p::text("state_dict") + "h\1s"), HasSubstr("inside of itself"));
}

TEST_F(TorchHostileTest, ListsOfListsOfTheSameListsEnd) {
  std::string laughs = "(" + ("]q\x01" + p::floats("0", 4) + "a");
  for (char i = 1; i < 60; ++i) laughs += std::string("]q") + char(i + 1) + "(h" + i + "h" + i + "e";
  EXPECT_THAT(pickle_error(laughs + "t"), HasSubstr("of another one"));
  std::string empty = "(]q\x01";
  for (char i = 1; i < 60; ++i) empty += std::string("]q") + char(i + 1) + "(h" + i + "h" + i + "e";
  EXPECT_EQ(pickle_error(empty + "t"), "no error");
}

TEST_F(TorchHostileTest, DepthIsLimited) {
  EXPECT_THAT(pickle_error(std::string(2'000'000, '(')), HasSubstr("nested more than 1000 deep"));
  EXPECT_THAT(pickle_error("N" + std::string(100'000, '\x85')), HasSubstr("nested more than 64 deep"));
  EXPECT_THAT(pickle_error("]" + repeated("]q\1", 900'000)), HasSubstr("damaged pickle: it ends with 900001 values"));
}

TEST_F(TorchHostileTest, CountsAreLimited) {
  EXPECT_THAT(pickle_error("(" + std::string(1'500'000, 'N')), HasSubstr("more than a million values"));
  EXPECT_THAT(pickle_error("Nq\1(" + repeated("h\1", 1'500'000)), HasSubstr("more than a million values"));
  EXPECT_THAT(pickle_error("Nr\xff\xff\xff\xff"), HasSubstr("slot 4294967295 of the memo"));
  const std::string pair = "]q\2(" + p::text("a") + "N\x86q\3" + repeated("h\3", 1000) + "e";
  const std::string again = repeated("ccollections\nOrderedDict\nh\2\x85R", 1000);
  EXPECT_THAT(pickle_error("(" + pair + again), HasSubstr("more than a million values"));
  EXPECT_THAT(pickle_error(p::list({p::floats("0", 4) + "q\1", repeated("h\1", 150'000)})), HasSubstr("more than 100000"));
}

TEST_F(TorchHostileTest, NamesAreLimited) {
  const std::string tensor = p::floats("0", 4);
  EXPECT_THAT(pickle_error(p::dict({p::text(std::string(5000, 'a')), tensor})), HasSubstr("a name of more than 512 bytes"));
  EXPECT_THAT(pickle_error(p::dict({p::text("a\xff"), tensor})), HasSubstr("no text (UTF-8)"));
  EXPECT_THAT(pickle_error(p::dict({"N", tensor})), HasSubstr("neither text nor a whole number"));
  EXPECT_THAT(pickle_error(p::dict({"N", p::list({tensor}), p::text("b"), "N"})), HasSubstr("neither text nor a whole number"));
  EXPECT_THAT(pickle_error(p::dict({p::text("a.b"), tensor, p::text("a"), p::dict({p::text("b"), tensor})})), HasSubstr("\"a.b\" is there twice"));
  EXPECT_THAT(pickle_error(p::dict({p::text("a"), tensor, p::text("a"), tensor})), HasSubstr("\"a\" is there twice"));
  EXPECT_THAT(pickle_error(p::dict({p::text("\x1b[2J"), p::tensor(p::storage("0", 4), 9, {4}, {1})})), Not(HasSubstr("\x1b")));
}

TEST_F(TorchHostileTest, MetadataIsLimited) {
  std::string pickled = "}(" + p::text("t") + p::text(std::string(1'000'000, 'x')) + "q\1";
  for (int i = 0; i < 5000; ++i) pickled += p::text(std::to_string(i)) + "h\1";
  const auto path = testing::write_bytes(folder_ / "b.pt", torch_zip(pickled + "u", {}));
  EXPECT_EQ(TensorFile::open(path)->metadata().size(), 1000u);
  EXPECT_EQ(TensorFile::open(path)->metadata().at("7").size(), 4096u);
}

// --- tensors and storages ---

TEST_F(TorchHostileTest, ATensorMustLieWithinItsStorage) {
  const std::string four = p::storage("0", 4);
  const auto outside = AllOf(HasSubstr("tensor \"a\": size"), HasSubstr("but its storage \"0\" has 16"));
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
  EXPECT_THAT(tensor_error(p::tensor(four, -1, {1}, {1})), HasSubstr("offset must be made of whole numbers from 0, not -1"));
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {-1}, {1})), HasSubstr("size must be made of whole numbers from 0, not -1"));
  EXPECT_THAT(tensor_error(p::tensor(four, 3, {4}, {-1})), HasSubstr("stride must be made of whole numbers from 0, not -1"));
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {2, 2}, {1})), HasSubstr("size [2, 2] and stride [1] have different lengths"));
  EXPECT_THAT(tensor_error(p::tensor(four, 0, std::vector<int64_t>(17, 1), std::vector<int64_t>(17, 1))), HasSubstr("has 17 numbers"));
  for (const auto& [size, stride] : std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{
           {{INT64_MAX, INT64_MAX}, {0, 0}}, {{INT64_MAX}, {INT64_MAX}}, {{INT64_MAX, 0}, {1, 1}},
           {{1 << 30, 1 << 30, 8}, {0, 0, 0}}, {{2, 2}, {INT64_MAX, INT64_MAX}}}) {
    EXPECT_THAT(tensor_error(p::tensor(four, 0, size, stride)), HasSubstr("is too large"));
  }
  EXPECT_THAT(tensor_error(p::tensor(four, INT64_MAX, {2}, {1})), HasSubstr("is too large"));
}

TEST_F(TorchHostileTest, RepeatedElementsDoNotMakeAHugeTensor) {
  const std::string four = p::storage("0", 4);
  EXPECT_EQ(tensor_error(p::tensor(four, 0, {1000, 4}, {0, 1})), "no error");
  EXPECT_THAT(tensor_error(p::tensor(four, 0, {1 << 30, 4}, {0, 1})), HasSubstr("repeats a storage of 16 bytes"));
}

TEST_F(TorchHostileTest, ViewsThatChangeTheNumbersAreErrors) {
  const std::string tensor = p::call(p::global("torch._utils", "_rebuild_tensor_v2"),
                                     {p::storage("0", 4), p::number(0), p::numbers({4}), p::numbers({1}), "\x89",
                                      p::ordered_dict(), p::dict({p::text("neg"), "\x88"})});
  EXPECT_THAT(tensor_error(tensor), HasSubstr("a negated or conjugated view"));
}

TEST_F(TorchHostileTest, StoragesAreMembersOfTheArchive) {
  for (const std::string key : {"1", "../../etc/passwd", "/etc/passwd", "../data.pkl", ""}) {
    EXPECT_THAT(tensor_error(p::floats(key, 4)), HasSubstr("the archive has no \"archive/data/" + key)) << key;
  }
  EXPECT_THAT(tensor_error(p::floats("0", 5)), HasSubstr("takes 20 bytes, and the archive has 16 of it"));
  EXPECT_THAT(tensor_error(p::floats("0", 3)), HasSubstr("takes 12 bytes, and the archive has 16 of it"));
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
  EXPECT_THAT(error(torch_legacy(pickled, {{"0", float_bytes({1}), 2}})), HasSubstr("of 1 elements has 2 here"));
  EXPECT_THAT(error(torch_legacy(pickled, {{"1", float_bytes({1})}})), HasSubstr("\"1\" is in the list of storages and no tensor is in it"));
  EXPECT_THAT(error(torch_legacy(pickled, {{"0", float_bytes({1})}, {"0", float_bytes({1})}})), HasSubstr("twice"));
  EXPECT_THAT(error(torch_legacy(pickled, {})), HasSubstr("\"0\" of tensor \"a\" is not in the file"));
}

// --- zip bombs ---

class ZipBombTest : public TorchHostileTest {
 protected:
  std::string bomb_error(const testing::Members& members) const {
    return error_of([&] { TensorFile::open(testing::write_deflated(folder_ / "bomb.pt", members)); });
  }
};

TEST_F(ZipBombTest, StoragesThatUnpackToFarMoreThanTheFileAreAnError) {
  const std::string pickled = p::whole(p::dict({p::text("a"), p::floats("0", 1 << 20)}));
  EXPECT_THAT(bomb_error({{"a/data.pkl", pickled}, {"a/data/0", std::string(4 << 20, '\0')}}),
              HasSubstr("promises to unpack to 4194304, and no weights compress that well"));
}

TEST_F(ZipBombTest, ManySmallOnesAreSeenTogether) {
  p::Items items;
  testing::Members members(1);
  for (int i = 0; i < 20; ++i) {
    const std::string key = std::to_string(i);
    items.insert(items.end(), {p::text(key), p::floats(key, 1 << 16)});
    members.push_back({"a/data/" + key, std::string(1 << 18, '\0')});
  }
  members[0] = {"a/data.pkl", p::whole(p::dict(items))};
  EXPECT_THAT(bomb_error(members), HasSubstr("no weights compress that well"));
}

TEST_F(ZipBombTest, SoDoesAPickle) {
  EXPECT_THAT(bomb_error({{"a/data.pkl", "\x80\x02" + std::string(4 << 20, '}')}}), HasSubstr("no weights compress that well"));
  EXPECT_THAT(bomb_error({{"a/data.pkl", std::string(65 << 20, '}')}}), HasSubstr("64 MiB is the most"));
}

TEST_F(ZipBombTest, AMemberThatIsNotAsLongAsItPromisesIsAnError) {
  const std::string pickled = p::whole(p::dict({p::text("a"), p::floats("0", 1000)}));
  const auto path = testing::write_deflated(folder_ / "a.pt", {{"a/data.pkl", pickled}, {"a/data/0", std::string(3000, 'a')}});
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (size_t at; (at = bytes.find(testing::little(3000, 4))) != bytes.npos;) bytes.replace(at, 4, testing::little(4000, 4));
  testing::write_bytes(path, bytes);
  EXPECT_THAT(error_of([&] { TensorFile::open(path)->tensor("a"); }), HasSubstr("cannot be unpacked to the 4000 bytes"));
}

}  // namespace
}  // namespace heddle::weights
