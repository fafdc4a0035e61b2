#include "nodes/output_name.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "engine/save_file.h"

namespace heddle {
namespace {

namespace fs = std::filesystem;

std::string padded(int64_t number, size_t digits) {
  std::string text = std::to_string(number);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

void replace_all(std::string& text, std::string_view word, const std::string& value) {
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size())) {
    text.replace(at, word.size(), value);
  }
}

std::string expand(std::string prefix, const NameFacts& facts) {
  std::tm local{};
  localtime_r(&facts.now, &local);
  const std::pair<std::string_view, std::string> words[] = {
      {"%width%", std::to_string(facts.width)},       {"%height%", std::to_string(facts.height)},
      {"%year%", std::to_string(local.tm_year + 1900)}, {"%month%", padded(local.tm_mon + 1, 2)},
      {"%day%", padded(local.tm_mday, 2)},            {"%hour%", padded(local.tm_hour, 2)},
      {"%minute%", padded(local.tm_min, 2)},          {"%second%", padded(local.tm_sec, 2)}};
  for (const auto& [word, value] : words) replace_all(prefix, word, value);
  return prefix;
}

// 1 + the highest number among the files NAME_<number>_... of a folder.
int64_t next_number(const fs::path& folder, const std::string& name) {
  int64_t highest = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(name + "_")) continue;
    highest = std::max<int64_t>(highest, std::atoll(file.c_str() + name.size() + 1));
  }
  return highest + 1;
}

}  // namespace

SavedFile save_numbered(const fs::path& root, const std::string& prefix, std::string_view extension,
                        const NameFacts& facts, std::string_view bytes, RunContext& context) {
  return save_numbered(root, prefix, extension, facts, [&](const AppendBytes& append) { append(bytes); }, context);
}

SavedFile save_numbered(const fs::path& root, const std::string& prefix, std::string_view extension,
                        const NameFacts& facts, const FileContent& content, RunContext& context) {
  const fs::path wanted = fs::path(expand(prefix, facts)).lexically_normal();
  if (wanted.is_absolute() || (!wanted.empty() && *wanted.begin() == "..")) {
    throw std::runtime_error("filename_prefix \"" + prefix + "\" leaves the output folder; give a name inside it");
  }
  const fs::path folder = root / wanted.parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw std::runtime_error("cannot make folder " + folder.string() + ": " + error.message());
  std::string name = wanted.filename().string();
  const std::string counted = name;
  replace_all(name, "%batch_num%", std::to_string(facts.batch_number));
  for (int64_t number = next_number(folder, counted);; ++number) {
    const std::string file = name + "_" + padded(number, 5) + "_" + std::string(extension);
    if (save_new_file(folder / file, content, context)) {
      return {folder / file, file, wanted.parent_path().generic_string()};
    }
  }
}

}  // namespace heddle
