// heddle cache: how much is kept on disk, what, and taking it away.
#include "engine/cache.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "engine/cli/json_events.h"
#include "engine/cli/place.h"
#include "engine/cli/report.h"
#include "engine/cli/verbs.h"
#include "engine/entry_folder.h"
#include "engine/problem.h"

namespace heddle::cli {
namespace {

namespace fs = std::filesystem;

std::string results_text(uint64_t entries, uint64_t bytes) {
  return std::to_string(entries) + (entries == 1 ? " result, " : " results, ") + size_text(bytes);
}

int say_size(const Options& options, const Place& place, ResultStore* store) {
  const uint64_t entries = store ? store->entries() : 0, bytes = store ? store->bytes() : 0;
  if (options.json) {
    write_json_line(std::cout,
                    {{"folder", place.cache.string()}, {"entries", entries}, {"bytes", bytes}});
  } else {
    std::cout << results_text(entries, bytes) << ", in " << place.cache.string() << '\n';
  }
  return kDone;
}

std::string time_text(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm local{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", localtime_r(&time, &local));
  return text.data();
}

// The key of an entry is in its path: ab/cdef... is abcdef...
std::string key_of(const fs::path& path) {
  return path.parent_path().filename().string() + path.stem().string();
}

int list(const Options& options, const Place& place, ResultStore* store) {
  std::vector<EntryInfo> entries;
  if (store) entries = EntryFolder((place.cache / "results").string()).scan();
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.used > b.used; });
  std::vector<std::vector<std::string>> rows;
  for (const EntryInfo& entry : entries) {
    if (options.json) {
      write_json_line(
          std::cout,
          {{"key", key_of(entry.path)}, {"bytes", entry.bytes}, {"used", entry.used.first}});
    } else {
      rows.push_back({time_text(entry.used.first), size_text(entry.bytes), key_of(entry.path)});
    }
  }
  print_table(rows);
  return kDone;
}

int clear(const Options& options, ResultStore* store) {
  const uint64_t entries = store ? store->entries() : 0, bytes = store ? store->bytes() : 0;
  if (store) store->clear();
  if (options.json) {
    write_json_line(std::cout, {{"cleared", entries}, {"bytes", bytes}});
  } else if (!options.quiet) {
    std::cout << "cleared " << results_text(entries, bytes) << '\n';
  }
  return kDone;
}

int cache(const Options& options, const Program& program) {
  const Place place = find_place(options);
  const auto store = existing_disk_store(options, place, program.registry.readers());
  if (options.subject.empty()) return say_size(options, place, store.get());
  if (options.subject == "list") return list(options, place, store.get());
  if (options.subject == "clear") return clear(options, store.get());
  throw UsageError("cache cannot \"" + options.subject + "\"" +
                   did_you_mean(options.subject, {"list", "clear"}) + "; it can list and clear");
}

}  // namespace

const Verb& cache_verb() {
  static const Verb kVerb{.name = "cache",
                          .summary = "says how much is kept on disk, lists it, or clears it",
                          .subject = "[list|clear]",
                          .subject_help = "what to do; without it, say how much there is",
                          .examples = {"heddle cache", "heddle cache list", "heddle cache clear"},
                          .run = cache};
  return kVerb;
}

}  // namespace heddle::cli
