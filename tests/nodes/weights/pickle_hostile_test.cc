// Pickles that are damaged, that want to be programs, or that never end: each is an error that says
// what was found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/nodes/weights/torch_files.h"

namespace heddle::weights {
namespace {

namespace p = test::pickle;
using ::testing::AllOf;
using test::float_bytes;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using test::torch_legacy;
using test::torch_zip;

using PickleHostileTest = test::TorchErrors;

std::string repeated(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

// --- programs ---

TEST_F(PickleHostileTest, ANameThatIsNotOfATensorIsRefusedByName) {
  for (const auto& [module, name] : {std::pair{"os", "system"},
                                     {"builtins", "eval"},
                                     {"torch", "load"},
                                     {"numpy.core.multiarray", "_reconstruct"},
                                     {"torch.cuda", "float32"}}) {
    EXPECT_THAT(
        pickle_error(p::call(p::global(module, name), {p::text("echo")})),
        AllOf(
            StartsWith("a.pt: byte 2 of \"archive/data.pkl\" in the archive: the file asks for \""),
            HasSubstr(std::string(module) + "." + name), HasSubstr("safetensors.torch.save_file")));
  }
  EXPECT_THAT(pickle_error(p::text("posix") + p::text("system") + "\x93"),
              HasSubstr("\"posix.system\""));
}

TEST_F(PickleHostileTest, AnOpcodeThatNoTensorNeedsIsRefusedByName) {
  EXPECT_THAT(pickle_error("(S'ls'\n"),
              HasSubstr("byte 3 of \"archive/data.pkl\" in the archive: the opcode STRING (83)"));
  EXPECT_THAT(pickle_error("(ios\nsystem\n"), HasSubstr("the opcode INST (105)"));
  EXPECT_THAT(pickle_error("N0"), HasSubstr("the opcode POP (48)"));
  EXPECT_THAT(pickle_error("\xfe"), HasSubstr("254 is no opcode"));
  EXPECT_THAT(pickle_error("\x80\x06"), HasSubstr("pickle protocol 6"));
}

TEST_F(PickleHostileTest, KnownNamesCannotBeCalledInOtherWays) {
  const std::string rebuild = p::global("torch._utils", "_rebuild_tensor_v2");
  EXPECT_THAT(pickle_error(p::call(rebuild, {})),
              HasSubstr("arguments that do not belong to a tensor"));
  EXPECT_THAT(pickle_error(p::call(rebuild, {p::number(1)})),
              HasSubstr("arguments that do not belong"));
  EXPECT_THAT(pickle_error(p::call(p::global("torch", "FloatStorage"), {p::number(1)})),
              HasSubstr("\"torch.FloatStorage\""));
  EXPECT_THAT(pickle_error(p::call(p::global("torch", "Size"), {p::number(1)})),
              HasSubstr("\"torch.Size\""));
  EXPECT_THAT(pickle_error(p::call(p::global("torch._utils", "_rebuild_parameter"), {"N"})),
              HasSubstr("_rebuild_parameter"));
  EXPECT_THAT(pickle_error(rebuild + ")\x81"), HasSubstr("_rebuild_tensor_v2"));
  EXPECT_THAT(pickle_error(p::call(p::text("f"), {})),
              HasSubstr("something is called that is no name"));
  EXPECT_THAT(tensor_error(p::floats("0", 4) + "}b"), HasSubstr("a Python object with attributes"));
}

// --- damaged pickles ---

TEST_F(PickleHostileTest, EveryTruncationIsAnError) {
  const std::string pickled = p::dict({p::text("a"), p::floats("0", 4)});
  const std::string whole = p::whole(pickled);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(error(test::zip_bytes(
                  {{"a/data.pkl", whole.substr(0, length)}, {"a/data/0", std::string(16, 'a')}})),
              "no error");
  }
  for (const std::string& file : {torch_zip(pickled, {{"0", std::string(16, 'a')}}),
                                  torch_legacy(pickled, {{"0", std::string(16, 'a')}})}) {
    for (size_t length = 0; length < file.size(); ++length) {
      EXPECT_NE(error(file.substr(0, length)), "no error") << length;
    }
  }
  const std::string legacy = torch_legacy(pickled, {{"0", std::string(16, 'a')}});
  EXPECT_THAT(error(legacy.substr(0, legacy.size() - 1)), HasSubstr("the download is incomplete"));
}

TEST_F(PickleHostileTest, AStackThatRunsEmptyIsAnError) {
  for (const std::string opcodes :
       {"s",    "R",    "a",    "Q",    "b",    "q\1", "t",   "u",    "e",
        "\x85", "\x87", "\x90", "\x93", "\x94", "(s",  "N(R", "}(Nu", "N(Ne",
        "NNa",  "NNNs", "h\1",  "NN",   "(N",   "",    "NNR"}) {
    EXPECT_THAT(pickle_error(opcodes), HasSubstr("damaged pickle")) << opcodes;
  }
}

TEST_F(PickleHostileTest, LengthsBeyondTheEndAreErrors) {
  for (const std::string opcode : {"X", "T", "B", "\x8b"}) {
    EXPECT_THAT(pickle_error(opcode + "\xff\xff\xff\xff"), HasSubstr("needs 4294967295 bytes more"))
        << opcode;
  }
  for (const std::string opcode : {"\x8d", "\x8e"}) {
    EXPECT_THAT(pickle_error(opcode + std::string(8, '\xff')),
                HasSubstr("needs 18446744073709551615 bytes more"));
  }
  EXPECT_THAT(pickle_error("c" + std::string(1000, 'a')),
              HasSubstr("a Python name of at most 256 bytes"));
}

TEST_F(PickleHostileTest, AWrongPersistentIdIsAnError) {
  const std::string type = p::global("torch", "FloatStorage");
  for (const std::string& id :
       {p::text("0"), p::tuple({}),
        p::tuple({p::text("file"), type, p::text("0"), p::text("cpu"), p::number(1)}),
        p::tuple({p::text("storage"), p::text("a"), p::text("0"), p::text("cpu"), p::number(1)}),
        p::tuple({p::text("storage"), type, p::number(0), p::text("cpu"), p::number(1)}),
        p::tuple({p::text("storage"), type, p::text("0"), p::text("cpu"), p::number(-1)}),
        p::tuple({p::text("storage"), type, p::text(std::string(1000, '0')), p::text("cpu"),
                  p::number(1)}),
        p::tuple({p::text("storage"), type, p::text("0"), p::text("cpu"), p::text("1")})}) {
    EXPECT_THAT(pickle_error(id + "Q"), HasSubstr("a persistent id must be"));
  }
  EXPECT_THAT(pickle_error(p::storage("0", INT64_MAX)), HasSubstr("is too large"));
  EXPECT_THAT(pickle_error(p::tuple({p::storage("0", 4), p::storage("0", 3)})),
              HasSubstr("another type or size"));
  EXPECT_THAT(pickle_error(p::tuple({p::storage("0", 4), p::storage("0", 4, "IntStorage")})),
              HasSubstr("another type or size"));
}

// --- memory and time ---

TEST_F(PickleHostileTest, LoopsThroughTheMemoEnd) {
  // a list in itself, a dictionary in itself, one inside the other
  EXPECT_THAT(pickle_error("]q\1h\1a"), HasSubstr("inside of itself"));
  EXPECT_THAT(pickle_error("}q\1" + p::text("a") + "h\1s"), HasSubstr("inside of itself"));
  EXPECT_THAT(pickle_error("]q\1}q\2" + p::text("a") + "h\1sa"), HasSubstr("inside of itself"));
  EXPECT_THAT(pickle_error("}q\1" + p::text("state_dict") + "h\1s"), HasSubstr("inside of itself"));
}

TEST_F(PickleHostileTest, ListsOfListsOfTheSameListsEnd) {
  std::string laughs = "(" + ("]q\x01" + p::floats("0", 4) + "a");
  for (char i = 1; i < 60; ++i)
    laughs += std::string("]q") + char(i + 1) + "(h" + i + "h" + i + "e";
  EXPECT_THAT(pickle_error(laughs + "t"), HasSubstr("of another one"));
  std::string empty = "(]q\x01";
  for (char i = 1; i < 60; ++i) empty += std::string("]q") + char(i + 1) + "(h" + i + "h" + i + "e";
  EXPECT_EQ(pickle_error(empty + "t"), "no error");
}

TEST_F(PickleHostileTest, DepthIsLimited) {
  EXPECT_THAT(pickle_error(std::string(2'000'000, '(')), HasSubstr("nested more than 1000 deep"));
  EXPECT_THAT(pickle_error("N" + std::string(100'000, '\x85')),
              HasSubstr("nested more than 64 deep"));
  EXPECT_THAT(pickle_error("]" + repeated("]q\1", 900'000)),
              HasSubstr("damaged pickle: it ends with 900001 values"));
}

TEST_F(PickleHostileTest, CountsAreLimited) {
  EXPECT_THAT(pickle_error("(" + std::string(1'500'000, 'N')),
              HasSubstr("more than a million values"));
  EXPECT_THAT(pickle_error("Nq\1(" + repeated("h\1", 1'500'000)),
              HasSubstr("more than a million values"));
  EXPECT_THAT(pickle_error("Nr\xff\xff\xff\xff"),
              HasSubstr("slot 4294967295 of the memo, and so far there are fewer"));
  const std::string pair = "]q\2(" + p::text("a") + "N\x86q\3" + repeated("h\3", 1000) + "e";
  const std::string again = repeated("ccollections\nOrderedDict\nh\2\x85R", 1000);
  EXPECT_THAT(pickle_error("(" + pair + again), HasSubstr("more than a million values"));
  EXPECT_THAT(pickle_error(p::list({p::floats("0", 4) + "q\1", repeated("h\1", 150'000)})),
              HasSubstr("more than 100000"));
}

TEST_F(PickleHostileTest, ModulesThatShareAHugeStateAreNotSearchedOverAndOver) {
  std::string state = "}q\1(";
  for (int i = 0; i < 200; ++i) state += p::number(i) + "N";
  const std::string module = p::global("torch.nn.modules.container", "ParameterDict") + ")\x81h\1b";
  EXPECT_THAT(pickle_error("(" + state + "u" + module + "t"),
              HasSubstr("a module with more than 100 attributes"));
}

TEST_F(PickleHostileTest, NamesAreLimited) {
  const std::string tensor = p::floats("0", 4);
  EXPECT_THAT(pickle_error(p::dict({p::text(std::string(5000, 'a')), tensor})),
              HasSubstr("a name of more than 512 bytes"));
  EXPECT_THAT(pickle_error(p::dict({p::text("a\xff"), tensor})), HasSubstr("no text (UTF-8)"));
  EXPECT_THAT(pickle_error(p::dict({"N", tensor})), HasSubstr("neither text nor a whole number"));
  EXPECT_THAT(pickle_error(p::dict({"N", p::list({tensor}), p::text("b"), "N"})),
              HasSubstr("neither text nor a whole number"));
  EXPECT_THAT(pickle_error(
                  p::dict({p::text("a.b"), tensor, p::text("a"), p::dict({p::text("b"), tensor})})),
              HasSubstr("\"a.b\" is there twice"));
  EXPECT_THAT(pickle_error(p::dict({p::text("a"), tensor, p::text("a"), tensor})),
              HasSubstr("\"a\" is there twice"));
  EXPECT_THAT(
      pickle_error(p::dict({p::text("\x1b[2J"), p::tensor(p::storage("0", 4), 9, {4}, {1})})),
      Not(HasSubstr("\x1b")));
}

TEST_F(PickleHostileTest, MetadataIsLimited) {
  std::string pickled = "}(" + p::text("t") + p::text(std::string(1'000'000, 'x')) + "q\1";
  for (int i = 0; i < 5000; ++i) pickled += p::text(std::to_string(i)) + "h\1";
  const auto path = test::write_bytes(folder_ / "b.pt", torch_zip(pickled + "u", {}));
  EXPECT_EQ(TensorFile::open(path)->metadata().size(), 1000u);
  EXPECT_EQ(TensorFile::open(path)->metadata().at("7").size(), 4096u);
}

}  // namespace
}  // namespace heddle::weights
