#include "engine/cli/report.h"

#include <algorithm>
#include <iostream>

#include "engine/cli/json_events.h"
#include "engine/cli/terminal.h"

namespace heddle::cli {
namespace {

// Problems of several lines (a parser's) keep them.
std::string lines_of(const std::string& text) {
  std::string result;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) result += '\n';
    result += printable(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

}  // namespace

void report_problems(const Options& options, const Problems& problems) {
  for (const Problem& problem : problems) {
    std::cerr << lines_of(to_text(problem)) << '\n';
    if (options.json) write_json_line(std::cout, problem_event(problem, "problem"));
  }
  std::cerr << std::flush;
}

void report_warnings(const Options& options, const Problems& warnings) {
  for (const Problem& warning : warnings) {
    if (!options.quiet) std::cerr << "warning: " << lines_of(to_text(warning)) << '\n';
    if (options.json) write_json_line(std::cout, problem_event(warning, "warning"));
  }
  std::cerr << std::flush;
}

void add_new(Problems& all, const Problems& more) {
  for (const Problem& problem : more) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const Problem& other) {
      return to_text(other) == to_text(problem);
    });
    if (!known) all.push_back(problem);
  }
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    std::cout << line << '\n';
  }
}

}  // namespace heddle::cli
