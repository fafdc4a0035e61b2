#include "engine/editor_problems.h"

#include <algorithm>
#include <string>
#include <utility>

namespace heddle {
namespace {

// At most about 200 bytes, never half a character.
void shorten(std::string& text, size_t longest) {
  if (text.size() <= longest) return;
  while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xC0) == 0x80) --longest;
  text.resize(longest);
  text += "...";
}

}  // namespace

void report(Problems& problems, Problem problem) {
  constexpr long kMost = 1000;
  // Errors and warnings are counted apart, so that neither can hide the other.
  const long count = std::count_if(problems.begin(), problems.end(), [&](const Problem& other) {
    return other.warning == problem.warning;
  });
  if (count > kMost) return;
  if (count == kMost) {
    const char* what = problem.warning ? "warnings" : "problems";
    problem = {"", "", "", "too_many",
               std::string("there are more ") + what + " than these " + std::to_string(kMost),
               problem.warning};
  }
  for (std::string* name : {&problem.step, &problem.node, &problem.socket}) shorten(*name, 200);
  shorten(problem.message, 1000);
  problems.push_back(std::move(problem));
}

}  // namespace heddle
