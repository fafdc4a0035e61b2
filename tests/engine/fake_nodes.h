// A program of fake nodes: what a command line needs beside the fakes of the engine's own tests.
// Nodes that save a file, take their time, do not listen, or fail with what they were given in the
// message.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "engine/backend.h"
#include "engine/folders.h"
#include "engine/save_file.h"
#include "tests/engine/fakes.h"

namespace heddle::test {

struct SaveText final : Node {
  static constexpr NodeInfo kInfo{.name = "SaveText",
                                  .category = "test/files",
                                  .help = "Saves a text. It never replaces a file.",
                                  .is_output = true,
                                  .lane = Lane::kPool};
  In<std::string> text{this, "text", "What to save."};
  In<std::string> prefix{this, "filename_prefix", "Start of the file's name.", "text", kOptional};
  void run(RunContext& context) override {
    const std::filesystem::path& folder = context.folders->output;
    std::filesystem::create_directories(folder);
    for (int number = 1;; ++number) {
      const std::string name =
          (prefix.given() ? *prefix : "text") + "_" + std::to_string(number) + ".txt";
      if (!save_new_file(folder / name, [&](const AppendBytes& append) { append(*text); }, context)) continue;
      context.ui["texts"] = {{{"filename", name}, {"subfolder", ""}, {"type", "output"}}};
      return;
    }
  }
};

/// Reports progress and stops when told to.
struct Slow final : Node {
  static constexpr NodeInfo kInfo{.name = "Slow", .category = "test", .help = "Takes its time."};
  In<int64_t> steps{this, "steps", "How many.", 20, between(1, 100000)};
  In<int64_t> pause{this, "milliseconds", "Of each.", 0, between(0, 1000), kOptional};
  Out<int64_t> done{this, "INT"};
  void run(RunContext& context) override {
    for (int k = 1; k <= *steps; ++k) {
      context.check_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(pause.given() ? *pause : 0));
      context.progress(k, int(*steps));
    }
    done = *steps;
  }
};

/// Says that it runs, and then does not listen.
struct Stubborn final : Node {
  static constexpr NodeInfo kInfo{.name = "Stubborn", .category = "test", .help = "Does not stop."};
  Out<int64_t> done{this, "INT"};
  void run(RunContext& context) override {
    for (int k = 0; k < 600; ++k) {
      context.progress(k, 600);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    done = 1;
  }
};

struct Quote final : Node {
  static constexpr NodeInfo kInfo{
      .name = "Quote", .category = "test", .help = "Warns and fails with its text."};
  In<std::string> text{this, "text", "The text."};
  In<bool> fails{this, "fails", "Whether to fail.", true, kOptional};
  Out<std::string> out{this, "STRING"};
  void run(RunContext& context) override {
    context.warn("odd: " + *text);
    if (!fails.given() || *fails) throw std::runtime_error("cannot make out: " + *text);
    out = *text;
  }
};

inline void register_fake_program(Registry& registry) {
  register_fakes(registry);
  registry.add<SaveText>();
  registry.add<Slow>();
  registry.add<Stubborn>();
  registry.add<Quote>();
}

struct FakeBackend final : Backend {
  SystemInfo system_info() const override {
    return {.libtorch = "0.0",
            .processor = "abacus",
            .numerics = "fake",
            .precision = "fp32",
            .other_precisions = ""};
  }
  void set_threads(int count) override { threads = count; }
  Json inspect(const std::filesystem::path& file) const override {
    std::ifstream in(file);
    std::string word;
    in >> word;
    if (word != "model") throw std::runtime_error(file.string() + " is no model");
    return {
        {"kind", "checkpoint"}, {"family", "fake"}, {"bytes", std::filesystem::file_size(file)}};
  }
  int threads = -1;
};

}  // namespace heddle::test
