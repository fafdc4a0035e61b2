#include "engine/editor_problems.h"

#include <string>
#include <utility>

namespace heddle {
namespace {

// At most about 200 bytes, never half a character.
void cut(std::string& text, size_t longest) {
  if (text.size() <= longest) return;
  while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xC0) == 0x80) --longest;
  text.resize(longest);
  text += "...";
}

}  // namespace

void report(Problems& problems, Problem problem) {
  constexpr size_t kMost = 1000;
  if (problems.size() > kMost) return;
  if (problems.size() == kMost) {
    problems.push_back(
        {"", "", "", "too_many", "there are more problems than these " + std::to_string(kMost)});
    return;
  }
  for (std::string* name : {&problem.step, &problem.node, &problem.socket}) cut(*name, 200);
  cut(problem.message, 1000);
  problems.push_back(std::move(problem));
}

}  // namespace heddle
