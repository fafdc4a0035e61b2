#include "engine/server/pipeline_shelf.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "engine/atomic_file.h"
#include "engine/cli/pretty_json.h"
#include "engine/server/blobs.h"

namespace heddle::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnds[] = {".json", ".pipeline.json"};
constexpr size_t kLongestName = 200;

bool is_good_letter(char c) { return (c & 0x80) || (c >= ' ' && c != 127 && c != '@' && c != '\\' && c != ':'); }

// Without blanks: how a file is laid out is no part of what it says. The order of its keys is.
std::string canonical(const Json& document) { return dump_python(document); }

void list_names(const fs::path& folder, std::set<std::string>& names) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), last; !error && it != last; it.increment(error)) {
    std::string name = it->path().lexically_relative(folder).generic_string();
    if (!name.ends_with(".json") || !it->is_regular_file(error)) continue;
    name.resize(name.size() - (name.ends_with(kEnds[1]) ? kEnds[1] : kEnds[0]).size());
    if (!pipeline_name_problem(name)) names.insert(name);
  }
}

std::optional<fs::path> find_file(const fs::path& folder, const std::string& name) {
  for (const std::string_view end : kEnds) {
    const fs::path path = folder / (name + std::string(end));
    std::error_code error;
    if (fs::is_regular_file(path, error)) return path;
  }
  return std::nullopt;
}

Json read_document(const fs::path& file) {
  std::error_code error;
  if (fs::file_size(file, error) > kMaxJsonBytes) throw JsonError(file.string() + " is too large for a pipeline");
  try {
    return parse_json(read_file(file));
  } catch (const JsonError& problem) {
    throw JsonError(file.string() + ": " + problem.what());
  }
}

}  // namespace

PipelineName split_pipeline_name(const std::string& text) {
  const size_t at = text.rfind('@');
  if (at == text.npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::optional<std::string> pipeline_name_problem(const std::string& name) {
  if (name.empty()) return "a pipeline needs a name";
  if (name.size() > kLongestName) return "the name is longer than 200 bytes";
  if (!std::all_of(name.begin(), name.end(), is_good_letter)) {
    return "a name may not hold @, :, a backslash or control characters";
  }
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (end == begin || name[begin] == '.') return "no part of a name may be empty or begin with a dot";
    begin = end + 1;
  }
  return std::nullopt;
}

PipelineShelf::PipelineShelf(JobStore& store, fs::path own, std::vector<fs::path> bundled, MillisClock clock)
    : store_(store), own_(std::move(own)), bundled_(std::move(bundled)), clock_(std::move(clock)) {}

std::vector<std::string> PipelineShelf::names() {
  std::set<std::string> names;
  list_names(own_, names);
  for (const fs::path& folder : bundled_) list_names(folder, names);
  return {names.begin(), names.end()};
}

std::vector<PipelineShelf::Entry> PipelineShelf::list() {
  std::vector<Entry> entries;
  for (const std::string& name : names()) {
    try {
      if (auto entry = find(name)) entries.push_back(std::move(*entry));
    } catch (const JsonError& error) {
      spdlog::warn("a pipeline is left out: {}", error.what());
    }
  }
  return entries;
}

std::optional<PipelineShelf::Entry> PipelineShelf::find(const std::string& name, const std::string& revision) {
  if (pipeline_name_problem(name)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto place = place_of(name);
  if (place) {
    Json document = read_document(place->file);
    if (!is_pipeline(document)) return std::nullopt;  // a plain graph beside the pipelines
    Saved kept = keep(name, std::move(document));
    if (revision.empty()) return Entry{std::move(kept.revision), place->read_only};
  }
  if (revision.empty()) return std::nullopt;
  auto found = store_.revision(name, revision);
  if (!found) return std::nullopt;
  return Entry{std::move(*found), place && place->read_only};
}

std::vector<PipelineRevision> PipelineShelf::revisions(const std::string& name) {
  find(name);  // a file changed by hand counts
  return store_.revisions(name);
}

PipelineShelf::Saved PipelineShelf::save(const std::string& name, const Json& document) {
  const std::lock_guard lock(mutex_);
  const fs::path file = find_file(own_, name).value_or(own_ / (name + ".json"));
  fs::create_directories(file.parent_path());
  // The file first: should the power fail between, it is found to have changed and becomes the revision.
  write_file_atomically(file, cli::pretty_json(document));
  return keep(name, document);
}

PipelineShelf::Removed PipelineShelf::remove(const std::string& name) {
  if (pipeline_name_problem(name)) return Removed::kUnknown;
  const std::lock_guard lock(mutex_);
  const auto place = place_of(name);
  if (!place) return Removed::kUnknown;
  if (place->read_only) return Removed::kReadOnly;
  while (const auto file = find_file(own_, name)) fs::remove(*file);
  wait_for([&](Committed done) { store_.remove_pipeline(name, std::move(done)); });
  return Removed::kYes;
}

FindPipeline PipelineShelf::finder() {
  return [this](const std::string& text) -> std::optional<Json> {
    const PipelineName wanted = split_pipeline_name(text);
    auto entry = find(wanted.name, wanted.revision);
    if (!entry) return std::nullopt;
    return std::move(entry->revision.document);
  };
}

std::optional<PipelineShelf::Place> PipelineShelf::place_of(const std::string& name) const {
  if (auto file = find_file(own_, name)) return Place{std::move(*file), false};
  for (const fs::path& folder : bundled_) {
    if (auto file = find_file(folder, name)) return Place{std::move(*file), true};
  }
  return std::nullopt;
}

PipelineShelf::Saved PipelineShelf::keep(const std::string& name, Json document) {
  const std::string sha256 = sha256_of(canonical(document));
  auto newest = store_.revision(name, "");
  if (newest && newest->sha256 == sha256) return {std::move(*newest), false};
  PipelineRevision revision;
  revision.name = name;
  revision.sha256 = sha256;
  revision.number = newest ? newest->number + 1 : 1;
  revision.document = std::move(document);
  revision.time = clock_();
  wait_for([&](Committed done) { store_.add_revision(revision, std::move(done)); });
  return {std::move(revision), true};
}

}  // namespace heddle::server
