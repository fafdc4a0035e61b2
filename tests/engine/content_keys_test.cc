#include "engine/content_keys.h"

#include <gmock/gmock.h>

#include "tests/engine/fakes.h"

namespace heddle {
namespace {

using test::FakeWorkshop;
using test::graph_of;

std::string word(const std::string& inputs, const std::string& id = "1") {
  return R"({")" + id + R"(": {"class_type": "Word", "inputs": {)" + inputs + R"(}},
             "s": {"class_type": "Number", "inputs": {"value": 1}}, "o": {"class_type": "Show", "inputs": {"number": ["s", 0]}}})";
}

Key key_of(FakeWorkshop& w, const std::string& graph, const std::string& id) {
  const PreparedJob job = w.prepare(graph);
  EXPECT_EQ(test::texts(job.checked.problems), "");
  return job.keys.keys.at(size_t(job.graph.find(id)));
}

const char* const kWord = R"("text": "a", "how": "loud", "seed": 1, "weight": 0.5)";

TEST(ContentKeys, AnyChangedInputChangesTheKey) {
  FakeWorkshop w;
  const Key key = key_of(w, word(kWord), "1");
  for (const char* other : {R"("text": "b", "how": "loud", "seed": 1, "weight": 0.5)",
                            R"("text": "a", "how": "quiet", "seed": 1, "weight": 0.5)",
                            R"("text": "a", "how": "loud", "seed": 2, "weight": 0.5)",
                            R"("text": "a", "how": "loud", "seed": 1, "weight": 0.25)"}) {
    EXPECT_NE(key_of(w, word(other), "1"), key) << other;
  }
}

TEST(ContentKeys, WritingTheSameOtherwiseDoesNotChangeTheKey) {
  FakeWorkshop w;
  const Key key = key_of(w, word(kWord), "1");
  EXPECT_EQ(key_of(w, word(R"("weight": "0.5", "seed": 1.0, "text": "a", "how": "loud")"), "1"), key);
  EXPECT_EQ(key_of(w, word(kWord, "77"), "77"), key);
  EXPECT_EQ(key_of(w, word(std::string(kWord) + R"(, "unknown": 5)"), "1"), key);
}

TEST(ContentKeys, NumericsAndUpstreamAreInTheKey) {
  FakeWorkshop w;
  const auto sum = [](int value) {
    return R"({"n": {"class_type": "Number", "inputs": {"value": )" + std::to_string(value) + R"(}},
               "a": {"class_type": "Add", "inputs": {"a": ["n", 0]}},
               "s": {"class_type": "Show", "inputs": {"number": ["a", 0]}}})";
  };
  const Key key = key_of(w, sum(1), "a");
  EXPECT_NE(key_of(w, sum(2), "a"), key);
  w.workshop.numerics = "other";
  EXPECT_NE(key_of(w, sum(1), "a"), key);
}

TEST(ContentKeys, AnAbsentInputDiffersFromItsDefault) {
  FakeWorkshop w;
  const auto sum = [](const std::string& b) {
    return R"({"a": {"class_type": "Add", "inputs": {"a": 1)" + b + R"(}}, "s": {"class_type": "Show", "inputs": {"number": ["a", 0]}}})";
  };
  EXPECT_NE(key_of(w, sum(""), "a"), key_of(w, sum(R"(, "b": 0)"), "a"));
}

TEST(ContentKeys, TheContentOfAFileCountsAndNotItsName) {
  const test::TemporaryFolder folder;
  FakeWorkshop w;
  w.workshop.folders.models["texts"] = {folder.path()};
  test::write_text(folder / "a.pt", "one");
  test::write_text(folder / "b.pt", "one");
  test::write_text(folder / "c.pt", "two");
  const auto read = [](const std::string& name) {
    return R"({"r": {"class_type": "Read", "inputs": {"file": ")" + name + R"("}},
               "s": {"class_type": "Show", "inputs": {"number": ["r", 0]}}})";
  };
  EXPECT_EQ(key_of(w, read("a.pt"), "r"), key_of(w, read("b.pt"), "r"));
  EXPECT_NE(key_of(w, read("a.pt"), "r"), key_of(w, read("c.pt"), "r"));
  const Key before = key_of(w, read("a.pt"), "r");
  test::write_text(folder / "a.pt", "six");
  EXPECT_NE(key_of(w, read("a.pt"), "r"), before);
}

struct Mentioning final : Node {
  static constexpr NodeInfo kInfo{.name = "Mentioning", .category = "test", .help = "h"};
  In<std::string> text{this, "text", "h",
                       Mentions{"texts", [](const std::string& text, const Folders& folders) {
                                  std::vector<std::string> files;
                                  if (folders.find("texts", text)) files.push_back(text);
                                  return files;
                                }}};
  Out<std::string> out{this, "STRING"};
  void run(RunContext&) override { out = *text; }
};

TEST(ContentKeys, FilesThatATextMentionsAreInTheKey) {
  const test::TemporaryFolder folder;
  FakeWorkshop w;
  w.registry.add<Mentioning>();
  w.workshop.folders.models["texts"] = {folder.path()};
  test::write_text(folder / "a.pt", "one");
  const char* literal = R"({"m": {"class_type": "Mentioning", "inputs": {"text": "a.pt"}},
                            "n": {"class_type": "Number", "inputs": {"value": 1}},
                            "s": {"class_type": "Show", "inputs": {"number": ["n", 0]}}})";
  const char* linked = R"({"w": {"class_type": "Mentioning", "inputs": {"text": "x"}},
                           "m": {"class_type": "Mentioning", "inputs": {"text": ["w", 0]}},
                           "n": {"class_type": "Number", "inputs": {"value": 1}},
                           "s": {"class_type": "Show", "inputs": {"number": ["n", 0]}}})";
  const Key by_literal = key_of(w, literal, "m"), by_link = key_of(w, linked, "m");
  test::write_text(folder / "a.pt", "another");
  EXPECT_NE(key_of(w, literal, "m"), by_literal);
  EXPECT_NE(key_of(w, linked, "m"), by_link);
}

}  // namespace
}  // namespace heddle
