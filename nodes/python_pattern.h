// Patterns of Python's re module in the syntax of ICU, which differs in small ways: what `\w`, `\s` and `\Z` mean, how
// groups are named, and which signs are letters within [...] and outside of it.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace heddle {

struct IcuPattern {
  std::string text;
  std::map<std::string, int, std::less<>> groups;  // (?P<name>...): numbers, since ICU's names have no underscore
};

/// `multiline` is the flag of that name. Throws std::runtime_error for what Python does not know and for what ICU cannot
/// do: conditional groups, and the flags a and L. Other mistakes are left for ICU to find.
IcuPattern to_icu_pattern(std::string_view pattern, bool multiline);

}  // namespace heddle
