#include "engine/problem.h"

#include <algorithm>

namespace heddle {
namespace {

constexpr size_t kLongestShown =
    200;  // beyond, names are not typed by hand, and comparing takes quadratic time

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Insertions, deletions, replacements and swaps of neighbours (the "optimal string alignment"
// distance), in bytes.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string place = problem.step;
  if (!problem.node.empty()) place += place.empty() ? problem.node : " (" + problem.node + ")";
  if (!problem.socket.empty()) place += place.empty() ? problem.socket : "." + problem.socket;
  return place.empty() ? problem.message : place + ": " + problem.message;
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > kLongestShown) return "";
  const std::string lower = lower_case(name);
  size_t allowed = (name.size() + 2) / 3;
  if (name.size() < 2) allowed = 0;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > name.size() + allowed || name.size() > candidate.size() + allowed)
      continue;
    const size_t distance = edit_distance(lower, lower_case(candidate));
    if (distance > allowed || (distance == allowed && !nearest.empty())) continue;
    nearest = candidate;
    allowed = distance;
  }
  return nearest;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(name, candidates);
  return nearest.empty() ? "" : ", did you mean \"" + nearest + "\"?";
}

}  // namespace heddle
