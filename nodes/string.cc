// Texts joined, cut, changed and compared.
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/python_strings.h"

namespace heddle {
namespace {

struct StringConcatenate final : Node {
  static constexpr NodeInfo kInfo{.name = "StringConcatenate",
                                  .category = "utils/string",
                                  .help = "Joins two texts.",
                                  .display_name = "Concatenate"};
  In<std::string> string_a{this, "string_a", "First text.", kMultiline};
  In<std::string> string_b{this, "string_b", "Second text.", kMultiline};
  In<std::string> delimiter{this, "delimiter", "What goes between them.", ""};
  Out<std::string> result{this, "STRING"};

  void run(RunContext&) override {
    check_text_length(string_a->size() + delimiter->size() + string_b->size());
    result = *string_a + *delimiter + *string_b;
  }
};

struct StringSubstring final : Node {
  static constexpr NodeInfo kInfo{.name = "StringSubstring",
                                  .category = "utils/string",
                                  .help = "Cuts a piece out of a text.",
                                  .display_name = "Substring"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  In<int64_t> start{this, "start", "First character, counted from 0; below 0 from the end."};
  In<int64_t> end{this, "end", "Character to stop before; below 0 from the end."};
  Out<std::string> result{this, "STRING"};

  void run(RunContext&) override { result = python_slice(*string, *start, *end); }
};

struct StringLength final : Node {
  static constexpr NodeInfo kInfo{.name = "StringLength",
                                  .category = "utils/string",
                                  .help = "Counts the characters of a text.",
                                  .display_name = "Length"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  Out<int64_t> length{this, "length"};

  void run(RunContext&) override { length = python_length(*string); }
};

struct CaseConverter final : Node {
  static constexpr NodeInfo kInfo{.name = "CaseConverter",
                                  .category = "utils/string",
                                  .help = "Makes letters large or small.",
                                  .display_name = "Case Converter"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  In<Choice> mode{this, "mode", "Which letters become large.", one_of({"UPPERCASE", "lowercase", "Capitalize", "Title Case"})};
  Out<std::string> result{this, "STRING"};

  void run(RunContext&) override {
    if (*mode == "UPPERCASE") {
      result = python_upper(*string);
    } else if (*mode == "lowercase") {
      result = python_lower(*string);
    } else {
      result = *mode == "Capitalize" ? python_capitalize(*string) : python_title(*string);
    }
  }
};

struct StringTrim final : Node {
  static constexpr NodeInfo kInfo{.name = "StringTrim",
                                  .category = "utils/string",
                                  .help = "Removes white space at the ends of a text.",
                                  .display_name = "Trim"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  In<Choice> mode{this, "mode", "At which end.", one_of({"Both", "Left", "Right"})};
  Out<std::string> result{this, "STRING"};

  void run(RunContext&) override { result = python_strip(*string, !(*mode == "Right"), !(*mode == "Left")); }
};

struct StringReplace final : Node {
  static constexpr NodeInfo kInfo{.name = "StringReplace",
                                  .category = "utils/string",
                                  .help = "Replaces a piece of a text wherever it is found.",
                                  .display_name = "Replace"};
  In<std::string> string{this, "string", "Text.", kMultiline};
  In<std::string> find{this, "find", "What to look for.", kMultiline};
  In<std::string> replace{this, "replace", "What to put in its place.", kMultiline};
  Out<std::string> result{this, "STRING"};

  void run(RunContext&) override { result = python_replace(*string, *find, *replace); }
};

struct StringContains final : Node {
  static constexpr NodeInfo kInfo{.name = "StringContains",
                                  .category = "utils/string",
                                  .help = "Whether a text has another in it.",
                                  .display_name = "Contains"};
  In<std::string> string{this, "string", "Text to look in.", kMultiline};
  In<std::string> substring{this, "substring", "Text to look for.", kMultiline};
  In<bool> case_sensitive{this, "case_sensitive", "Whether large and small letters differ.", true};
  Out<bool> contains{this, "contains"};

  void run(RunContext&) override {
    contains = *case_sensitive ? string->find(*substring) != string->npos
                               : python_lower(*string).find(python_lower(*substring)) != std::string::npos;
  }
};

struct StringCompare final : Node {
  static constexpr NodeInfo kInfo{.name = "StringCompare",
                                  .category = "utils/string",
                                  .help = "Compares two texts.",
                                  .display_name = "Compare"};
  In<std::string> string_a{this, "string_a", "First text.", kMultiline};
  In<std::string> string_b{this, "string_b", "Second text.", kMultiline};
  In<Choice> mode{this, "mode", "What to ask of the first text.", one_of({"Starts With", "Ends With", "Equal"})};
  In<bool> case_sensitive{this, "case_sensitive", "Whether large and small letters differ.", true};
  Out<bool> result{this, "BOOLEAN"};

  void run(RunContext&) override {
    const std::string a = *case_sensitive ? *string_a : python_lower(*string_a);
    const std::string b = *case_sensitive ? *string_b : python_lower(*string_b);
    if (*mode == "Equal") {
      result = a == b;
    } else {
      result = *mode == "Starts With" ? a.starts_with(b) : a.ends_with(b);
    }
  }
};

}  // namespace

void register_string_nodes(Registry& registry) {
  registry.add<StringConcatenate>();
  registry.add<StringSubstring>();
  registry.add<StringLength>();
  registry.add<CaseConverter>();
  registry.add<StringTrim>();
  registry.add<StringReplace>();
  registry.add<StringContains>();
  registry.add<StringCompare>();
}

}  // namespace heddle
