// Runs the command line in this process, in a home of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "engine/command_line.h"
#include "tests/engine/fake_nodes.h"

namespace heddle::test {

struct CliResult {
  int code = -1;
  std::string out, err;

  /// The objects that --json printed.
  std::vector<Json> events() const {
    std::vector<Json> events;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) events.push_back(parse_json(line));
    return events;
  }
  /// Those of one kind.
  std::vector<Json> events(const std::string& kind) const {
    std::vector<Json> all = events();
    std::erase_if(all, [&](const Json& event) { return event["event"] != kind; });
    return all;
  }
};

class Cli : public ::testing::Test {
 protected:
  Cli() {
    register_fake_program(registry);
    setenv("XDG_CONFIG_HOME", (home / "config").c_str(), 1);
    setenv("XDG_DATA_HOME", (home / "data").c_str(), 1);
    unsetenv("HEDDLE_MODELS");
    write("graph.json", R"({
      "1": {"class_type": "Word", "_meta": {"title": "My word"},
            "inputs": {"text": "tulip", "how": "loud", "seed": 3, "weight": 0.5}},
      "2": {"class_type": "SaveText", "inputs": {"text": ["1", 0], "filename_prefix": "word"}}})");
  }

  std::string write(const std::string& name, const std::string& text) {
    write_text(home / name, text);
    return (home / name).string();
  }

  std::string read(const std::filesystem::path& path) const {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  CliResult call(std::vector<std::string> words) {
    words.insert(words.begin(), "heddle");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    CliResult result;
    result.code = run_command_line(int(argv.size()), argv.data(), registry, backend);
    result.out = ::testing::internal::GetCapturedStdout();
    result.err = ::testing::internal::GetCapturedStderr();
    return result;
  }

  /// `heddle run` of a graph in the home, to its out folder.
  CliResult run(const std::string& graph, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"run", (home / graph).string(), "--out",
                                   (home / "out").string()};
    words.insert(words.end(), more.begin(), more.end());
    return call(words);
  }

  std::vector<std::string> saved() const {
    std::vector<std::string> texts;
    for (int number = 1;
         std::filesystem::exists(home / ("out/word_" + std::to_string(number) + ".txt"));
         ++number) {
      texts.push_back(read(home / ("out/word_" + std::to_string(number) + ".txt")));
    }
    return texts;
  }

  TemporaryFolder home;
  Registry registry;
  FakeBackend backend;
};

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

}  // namespace heddle::test
