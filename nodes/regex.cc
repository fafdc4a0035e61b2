// Regular expressions as nodes.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/heartbeat.h"
#include "nodes/python_regex.h"
#include "nodes/python_strings.h"

namespace heddle {
namespace {

constexpr const char* kPatternHelp = "Regular expression, as Python's re has them.";
constexpr const char* kCaseHelp = "Large and small letters are the same.";
constexpr const char* kMultilineHelp = "^ and $ match at every line.";
constexpr const char* kDotHelp = "A dot matches the end of a line too.";

struct RegexMatch final : Node {
  static constexpr NodeInfo kInfo{.name = "RegexMatch",
                                  .category = "utils/string",
                                  .help = "Whether a pattern is found in a text.",
                                  .display_name = "Regex Match"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  In<std::string> regex_pattern{this, "regex_pattern", kPatternHelp, kMultiline};
  In<bool> case_insensitive{this, "case_insensitive", kCaseHelp, true};
  In<bool> multiline{this, "multiline", kMultilineHelp, false};
  In<bool> dotall{this, "dotall", kDotHelp, false};
  Out<bool> matches{this, "matches"};

  void run(RunContext& context) override {
    PythonRegex regex(*regex_pattern, {*case_insensitive, *multiline, *dotall}, *string, heartbeat_of(context));
    matches = regex.next();
  }
};

struct RegexExtract final : Node {
  static constexpr NodeInfo kInfo{.name = "RegexExtract",
                                  .category = "utils/string",
                                  .help = "Takes what a pattern matches out of a text.",
                                  .display_name = "Regex Extract"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  In<std::string> regex_pattern{this, "regex_pattern", kPatternHelp, kMultiline};
  In<Choice> mode{this, "mode", "All of the match or one group, once or for every match, a line each.",
                  one_of({"First Match", "All Matches", "First Group", "All Groups"})};
  In<bool> case_insensitive{this, "case_insensitive", kCaseHelp, true};
  In<bool> multiline{this, "multiline", kMultilineHelp, false};
  In<bool> dotall{this, "dotall", kDotHelp, false};
  In<int64_t> group_index{this, "group_index", "Which group, for First Group and All Groups.", 1, between(0, 100)};
  Out<std::string> result{this, "STRING"};

  void run(RunContext& context) override {
    PythonRegex regex(*regex_pattern, {*case_insensitive, *multiline, *dotall}, *string, heartbeat_of(context));
    const bool all = mode->value.starts_with("All");
    const int group = wanted_group(regex.groups());
    std::string lines;
    for (bool first = true; group >= 0 && (all || first) && regex.next(); first = false) {
      if (!first) lines += '\n';
      lines += regex.group(group);
      check_text_length(lines.size());
    }
    result = std::move(lines);
  }

  // -1 where the pattern has no such group. Python's findall gives the first group where there is one.
  int wanted_group(int groups) const {
    if (*mode == "First Match") return 0;
    if (*mode == "All Matches") return groups > 0 ? 1 : 0;
    if (*mode == "All Groups" && groups == 0) return -1;
    return *group_index <= groups ? int(*group_index) : -1;
  }
};

struct RegexReplace final : Node {
  static constexpr NodeInfo kInfo{.name = "RegexReplace",
                                  .category = "utils/string",
                                  .help = "Replaces what a pattern matches.",
                                  .display_name = "Regex Replace"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  In<std::string> regex_pattern{this, "regex_pattern", kPatternHelp, kMultiline};
  In<std::string> replace{this, "replace", R"(What to put in its place; \1 is the first group.)", kMultiline};
  In<bool> case_insensitive{this, "case_insensitive", kCaseHelp, true, kOptional};
  In<bool> multiline{this, "multiline", kMultilineHelp, false, kOptional};
  In<bool> dotall{this, "dotall", kDotHelp, false, kOptional};
  In<int64_t> count{this, "count", "How many to replace; 0 for all.", 0, between(0, 100), kOptional};
  Out<std::string> result{this, "STRING"};

  void run(RunContext& context) override {
    const RegexFlags flags{.ignore_case = !case_insensitive.given() || *case_insensitive,
                           .multiline = multiline.given() && *multiline,
                           .dot_all = dotall.given() && *dotall};
    PythonRegex regex(*regex_pattern, flags, *string, heartbeat_of(context));
    result = regex.replaced(*replace, count.given() ? *count : 0);
  }
};

}  // namespace

void register_regex_nodes(Registry& registry) {
  registry.add<RegexMatch>();
  registry.add<RegexExtract>();
  registry.add<RegexReplace>();
}

}  // namespace heddle
