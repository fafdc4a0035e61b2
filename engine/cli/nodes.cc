// heddle nodes: what there is to build graphs from.
#include <algorithm>
#include <iostream>

#include "engine/cli/json_events.h"
#include "engine/cli/place.h"
#include "engine/cli/report.h"
#include "engine/cli/verbs.h"
#include "engine/file_choice.h"
#include "engine/literal.h"
#include "engine/object_info.h"
#include "engine/problem.h"

namespace heddle::cli {
namespace {

std::vector<std::string> other_names(const NodeDeclaration& node) {
  std::vector<std::string> names;
  for (const Alias& alias : node.info.aliases) {
    if (!alias.name.empty()) names.emplace_back(alias.name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Up to the first full stop.
std::string first_sentence(std::string_view help) {
  const size_t end = help.find(". ");
  return std::string(help.substr(0, end == help.npos ? end : end + 1));
}

int list_nodes(const Options& options, const Registry& registry) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : registry.names()) {
    const NodeDeclaration& node = *registry.find(name);
    if (options.json) {
      write_json_line(std::cout, {{"name", name},
                                  {"category", node.info.category},
                                  {"help", node.info.help},
                                  {"same_as", node.name == name ? "" : node.name}});
    } else if (options.quiet) {
      std::cout << name << '\n';
    } else {
      rows.push_back(
          {name, std::string(node.info.category),
           node.name == name ? first_sentence(node.info.help) : "the same as " + node.name});
    }
  }
  print_table(rows);
  return kDone;
}

std::string choices_text(const std::vector<std::string>& choices) {
  constexpr size_t kMost = 30;
  std::vector<std::string> shown(choices.begin(),
                                 choices.begin() + std::ptrdiff_t(std::min(choices.size(), kMost)));
  std::string text = joined(shown);
  if (choices.size() > kMost) text += " and " + std::to_string(choices.size() - kMost) + " more";
  return text;
}

std::string values_text(const InputSpec& spec, const Folders& folders) {
  if (spec.is_file()) {
    const std::vector<std::string> files = file_choices(spec, folders);
    return "a file in " + spec.folder +
           (files.empty() ? " (there is none)" : ": " + choices_text(files));
  }
  if (!spec.choices.empty()) return "one of " + choices_text(spec.choices);
  if (spec.min.is_null() && spec.max.is_null()) return "";
  return (spec.min.is_null() ? "" : literal_text(spec.min)) + ".." +
         (spec.max.is_null() ? "" : literal_text(spec.max));
}

void print_input(const InputSpec& spec, const Folders& folders) {
  std::string facts = spec.type;
  if (!spec.has_json_form) facts += ", a link";
  if (!spec.required) facts += ", optional";
  if (!spec.default_value.is_null()) facts += ", default " + literal_text(spec.default_value);
  std::cout << "  " << spec.name << "  (" << facts << ")\n";
  if (!spec.help.empty()) std::cout << "      " << spec.help << '\n';
  const std::string values = values_text(spec, folders);
  if (!values.empty()) std::cout << "      " << values << '\n';
}

int describe_node(const Options& options, const NodeDeclaration& node, const std::string& name) {
  const Place place = find_place(options);
  if (options.json) {
    write_json_line(std::cout, node_info(node, name, place.folders));
    return kDone;
  }
  std::cout << name << "  (" << node.info.category << ")\n" << node.info.help << '\n';
  std::vector<std::string> names = other_names(node);
  names.push_back(node.name);
  std::erase(names, name);
  if (!names.empty()) std::cout << "Also called " << joined(names) << ".\n";
  if (node.info.is_output) {
    std::cout << "Runs for its own sake: what it saves or shows is the result of a graph.\n";
  }
  if (!node.inputs.empty()) std::cout << "\nInputs\n";
  for (const InputSpec& spec : node.inputs) print_input(spec, place.folders);
  if (!node.outputs.empty()) std::cout << "\nOutputs\n";
  for (size_t slot = 0; slot < node.outputs.size(); ++slot) {
    const OutputSpec& output = node.outputs[slot];
    std::cout << "  " << slot << "  " << output.name << "  (" << output.type << ")"
              << (output.help.empty() ? "" : "  " + output.help) << '\n';
  }
  return kDone;
}

int nodes(const Options& options, const Program& program) {
  if (options.subject.empty()) return list_nodes(options, program.registry);
  const NodeDeclaration* node = program.registry.find(options.subject);
  if (node) return describe_node(options, *node, options.subject);
  throw UsageError("unknown node \"" + options.subject + "\"" +
                   did_you_mean(options.subject, program.registry.names()) +
                   "; `heddle nodes` lists them all");
}

}  // namespace

const Verb& nodes_verb() {
  static const Verb kVerb{
      .name = "nodes",
      .summary = "lists the nodes, or describes one",
      .subject = "[NAME]",
      .subject_help = "a node, to see its sockets, ranges, choices and help",
      .examples = {"heddle nodes", "heddle nodes KSampler", "heddle nodes KSampler --json"},
      .run = nodes};
  return kVerb;
}

}  // namespace heddle::cli
