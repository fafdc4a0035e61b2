#include "engine/cli/help.h"

#include <algorithm>
#include <iostream>

#include "engine/cli/parse.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/literal.h"
#include "engine/problem.h"

namespace heddle::cli {
namespace {

constexpr size_t kColumn = 30, kWidth = 100;

// `  left      right`, the right side wrapped into its column.
std::string entry(const std::string& left, const std::string& right) {
  std::string text = "  " + left;
  if (text.size() + 2 > kColumn) text += "\n";
  size_t column = text.ends_with('\n') ? 0 : text.size();
  size_t begin = 0;
  bool first = true;
  while (begin < right.size()) {
    const size_t end = std::min(right.find(' ', begin), right.size());
    const bool fits = column + 1 + (end - begin) <= kWidth;
    if (!first && !fits) {
      text += '\n';
      column = 0;
    }
    if (column < kColumn) {
      text.append(kColumn - column, ' ');
      column = kColumn;
    } else {
      text += ' ';
      ++column;
    }
    text += right.substr(begin, end - begin);
    column += end - begin;
    begin = end + 1;
    first = false;
  }
  return text + "\n";
}

std::string flag_text(const Flag& flag) {
  std::string text;
  for (const char c : flag.names) {
    text += c;
    if (c == ',') text += ' ';
  }
  if (!flag.value.empty()) text += ' ';
  return text + flag.value;
}

std::string flags_help(const std::vector<Flag>& flags) {
  std::string text;
  for (const Flag& flag : flags) text += entry(flag_text(flag), flag.help);
  return text;
}

std::string common_help() {
  return "\nOptions of every verb\n" + flags_help(common_flags()) +
         entry("--settings FILE",
               "flags by name, as TOML (default: $XDG_CONFIG_HOME/heddle/settings.toml if there is "
               "one); `threads = 4` sets --threads, those of a verb go into a section [run]") +
         entry("-h, --help", "this text");
}

std::string value_name(const PipelineInput& input) {
  if (input.type == "LORA") return "NAME:STRENGTH";
  if (input.type == "STRING") return "TEXT";
  return input.type == "IMAGE" ? "FILE" : input.type;
}

std::string bound_text(const Json& bound) { return bound.is_null() ? "" : literal_text(bound); }

std::string input_facts(const PipelineInput& input) {
  std::string facts;
  const auto add = [&](const std::string& fact) { facts += (facts.empty() ? "" : ", ") + fact; };
  if (!input.min.is_null() || !input.max.is_null()) {
    add(bound_text(input.min) + ".." + bound_text(input.max));
  }
  if (!input.default_value.is_null()) {
    add("default " + literal_text(input.default_value));
  } else {
    add(input.optional ? "optional" : "required");
  }
  return facts;
}

int help(const Options& options, const Program&) {
  const std::vector<const Verb*>& verbs = all_verbs();
  if (options.subject.empty()) {
    std::cout << program_help(verbs);
    return kDone;
  }
  std::vector<std::string> names;
  for (const Verb* verb : verbs) {
    if (verb->name == options.subject) {
      std::cout << verb_help(*verb);
      return kDone;
    }
    names.push_back(verb->name);
  }
  throw UsageError("unknown verb \"" + options.subject + "\"" +
                   did_you_mean(options.subject, names));
}

}  // namespace

std::string program_help(const std::vector<const Verb*>& verbs) {
  std::string text =
      "heddle runs graphs of diffusion nodes.\n\nUsage: heddle VERB [options]\n\nVerbs\n";
  for (const Verb* verb : verbs) text += entry(verb->name + " " + verb->subject, verb->summary);
  text += "\n`heddle help VERB` tells more. `heddle --version` says what this is.\n";
  return text + common_help() +
         "\nExit codes: 0 done, 1 a step failed, 2 bad usage or graph, 130 cancelled.\n";
}

std::string verb_help(const Verb& verb) {
  std::string text = "heddle " + verb.name + " " + verb.summary + ".\n\nUsage: heddle " + verb.name;
  if (!verb.subject.empty()) text += ' ';
  text.append(verb.subject).append(" [options]\n");
  if (!verb.subject.empty()) text += "\n" + entry(verb.subject, verb.subject_help);
  if (!verb.flags.empty()) text += "\nOptions\n" + flags_help(verb.flags);
  text += common_help();
  if (!verb.examples.empty()) text += "\nExamples\n";
  for (const std::string& example : verb.examples) text += "  " + example + "\n";
  return text;
}

std::string pipeline_help(const Pipeline& pipeline, const std::string& name, const Verb& verb) {
  std::string text = printable(pipeline.title) + "\n";
  if (!pipeline.help.empty()) text += printable(pipeline.help) + "\n";
  text += "\nUsage: heddle " + verb.name + " " + printable(name) + " [options]\n\nInputs\n";
  for (const PipelineInput& input : pipeline.inputs) {
    std::string flag = input_flag(input, verb);
    if (flag.empty()) flag = input.name == "seed" ? "--seed" : "--set " + input.name + "=";
    flag = printable(flag.substr(0, flag.find(',')));
    text += entry(flag + (flag.ends_with('=') ? "" : " ") + value_name(input),
                  printable(input.help + " (" + input_facts(input) + ")"));
  }
  text += "\nOutputs\n";
  for (const PipelineOutput& output : pipeline.outputs) {
    text += entry(printable(output.name),
                  printable("output " + std::to_string(output.slot) + " of step " + output.step));
  }
  return text + "\n`heddle help " + verb.name + "` lists the other options.\n";
}

const Verb& help_verb() {
  static const Verb kVerb{.name = "help",
                          .summary = "tells what a verb does and takes",
                          .subject = "[VERB]",
                          .subject_help = "the verb",
                          .examples = {"heddle help run"},
                          .run = help};
  return kVerb;
}

}  // namespace heddle::cli
