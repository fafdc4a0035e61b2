// What is wrong with a graph, in words. Mistakes of a user are collected as problems, never thrown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle {

struct Problem {
  std::string step;      // id of the step, or "" for the graph as a whole
  std::string node;      // type of the step, or ""
  std::string socket;    // name of the input, or ""
  std::string kind;      // stable word for programs: "unknown_node", "out_of_range"...
  std::string message;   // what was seen, what is allowed, what to do
  bool warning = false;  // the graph can run all the same
};
using Problems = std::vector<Problem>;

/// `3 (KSampler).steps: 0 is outside 1..10000`; what is "" is left out.
std::string to_text(const Problem& problem);

/// The candidate that is nearest to `name` by edit distance without regard to case, the first of
/// several, or "" if none is near: at most one edit in three characters.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// `, did you mean "KSampler"?`, or "".
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace heddle
