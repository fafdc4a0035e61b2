// What the tests of the cache share: a value that is a text, keys by name, a folder that cleans up
// after itself.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/cache.h"

namespace heddle::test {

class Text : public Value {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  std::string_view type() const override { return "TEXT"; }
  size_t bytes() const override { return text_.size(); }
  bool can_write() const override { return true; }
  void write(std::ostream& out) const override { out << text_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// As a network with a LoRA: most of its memory is that of the checkpoint.
class Sharing final : public Value {
 public:
  Sharing(size_t own, SharedBytes shared) : own_(own), shared_(std::move(shared)) {}
  std::string_view type() const override { return "SHARING"; }
  size_t bytes() const override { return own_; }
  std::vector<SharedBytes> shared() const override { return {shared_}; }

 private:
  size_t own_;
  SharedBytes shared_;
};

/// As a network: stays in memory.
class Unwritable final : public Text {
 public:
  using Text::Text;
  std::string_view type() const override { return "UNWRITABLE"; }
  bool can_write() const override { return false; }
};

inline ValuePtr read_text(std::istream& in) {
  return std::make_shared<Text>(std::string(std::istreambuf_iterator<char>(in), {}));
}

inline const ValueReaders& text_readers() {
  static const ValueReaders readers{{"TEXT", read_text}};
  return readers;
}

inline Key key_of(std::string_view name) { return Hasher().add(name).finish(); }

inline CachedResult result_of(std::string text, double seconds = 1) {
  return {{std::make_shared<Text>(std::move(text))}, seconds};
}

/// The texts of all outputs, joined by `|`, or "miss".
inline std::string text_of(const std::optional<CachedResult>& result) {
  if (!result) return "miss";
  std::string all;
  for (const ValuePtr& value : result->outputs) {
    all += (all.empty() ? "" : "|") + dynamic_cast<const Text&>(*value).text();
  }
  return all;
}

/// What is logged while `work` runs.
template <typename Work>
std::string logged(Work work) {
  ::testing::internal::CaptureStdout();
  work();
  return ::testing::internal::GetCapturedStdout();
}

class TempFolder {
 public:
  TempFolder() {
    std::string path = std::filesystem::temp_directory_path() / "heddle-test-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make " + path);
    path_ = path;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace heddle::test
