#include "engine/cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <list>

#include "engine/cli/settings.h"
#include "engine/problem.h"

namespace heddle::cli {
namespace {

template <class T>
void bind(CLI::App& app, const Flag& flag, T& target) {
  if constexpr (std::is_same_v<T, bool>) {
    app.add_flag(flag.names, target);
  } else if constexpr (std::is_same_v<T, std::optional<Size>>) {
    const std::function<void(const std::string&)> read =
        [&target, name = flag.names](const std::string& text) { target = parse_size(name, text); };
    app.add_option_function<std::string>(flag.names, read);
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    app.add_option(flag.names, target)->allow_extra_args(false);
  } else {
    app.add_option(flag.names, target);
  }
}

void add_flags(CLI::App& app, const std::vector<Flag>& flags, Options& options) {
  app.set_help_flag();
  app.add_flag("-h,--help", options.help)->configurable(false);
  for (const Flag& flag : flags) {
    std::visit([&](auto member) { bind(app, flag, options.*member); }, flag.target);
  }
}

void add_inputs(CLI::App& app, const Verb& verb, const std::vector<PipelineInput>& inputs,
                Options& options) {
  for (const PipelineInput& input : inputs) {
    const std::string flag = input_flag(input, verb);
    if (flag.empty()) continue;
    const std::function<void(const std::string&)> read =
        [&options, name = input.name](const std::string& text) { options.inputs[name] = text; };
    app.add_option_function<std::string>(flag, read)->configurable(false);
  }
}

// A verb with options of its own: a settings file may have a section for every one of them.
struct VerbApp {
  const Verb* verb;
  CLI::App* app;
  Options options;
};

void add_verb(CLI::App& app, const Verb& verb, const std::vector<PipelineInput>& inputs,
              std::list<VerbApp>& of_verbs) {
  VerbApp& one = of_verbs.emplace_back();
  one.verb = &verb;
  one.app = app.add_subcommand(verb.name);
  one.app->fallthrough();
  add_flags(*one.app, verb.flags, one.options);
  if (!verb.subject.empty()) {
    one.app->add_option("subject", one.options.subject)->configurable(false);
  }
  if (verb.takes_graph) add_inputs(*one.app, verb, inputs, one.options);
}

// CLI11 takes the word after `--name=` for the value; here it is the empty text, as everywhere
// else. It wants the words last first.
std::vector<std::string> prepared(const std::vector<std::string>& words) {
  std::vector<std::string> result;
  for (const std::string& word : words) {
    const bool is_empty_value =
        word.starts_with("--") && word.size() > 3 && word.find('=') == word.size() - 1;
    result.push_back(is_empty_value ? word.substr(0, word.size() - 1) : word);
    if (is_empty_value) result.emplace_back();
  }
  std::reverse(result.begin(), result.end());
  return result;
}

void parse(CLI::App& app, const std::vector<std::string>& words,
           const std::vector<const Verb*>& verbs) {
  try {
    app.parse(prepared(words));
    check_settings(app.get_option("--settings")->as<std::string>(), verbs);
  } catch (const CLI::FileError&) {
    throw UsageError("cannot read the settings file " +
                     app.get_option("--settings")->as<std::string>());
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
}

bool is_flag_name(const std::string& name) {
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

std::vector<std::string> known_flags(const Verb* verb, const std::vector<PipelineInput>& inputs) {
  std::vector<std::string> names = flag_names(common_flags());
  names.insert(names.end(), {"--settings", "--help", "--version"});
  if (!verb) return names;
  for (const std::string& name : flag_names(verb->flags)) names.push_back(name);
  for (const PipelineInput& input : inputs) names.push_back("--" + input.name);
  return names;
}

}  // namespace

Arguments parse_arguments(const std::vector<std::string>& words,
                          const std::vector<const Verb*>& verbs,
                          const std::vector<PipelineInput>& inputs) {
  CLI::App app;
  app.require_subcommand(0, 1);
  app.allow_extras();
  Options common;
  add_flags(app, common_flags(), common);
  app.add_flag("--version", common.version)->configurable(false);
  app.set_config("--settings", default_settings());
  std::list<VerbApp> of_verbs;
  for (const Verb* verb : verbs) add_verb(app, *verb, inputs, of_verbs);
  parse(app, words, verbs);

  Arguments arguments;
  arguments.options = common;
  for (const VerbApp& one : of_verbs) {
    if (!one.app->parsed()) continue;
    arguments.verb = one.verb;
    arguments.options = one.options;
    static_cast<CommonOptions&>(arguments.options) = common;
    arguments.options.help |= common.help;
    arguments.options.version = common.version;
  }
  arguments.unknown = app.remaining(true);
  return arguments;
}

std::string input_flag(const PipelineInput& input, const Verb& verb) {
  if (!is_flag_name(input.name)) return "";
  const std::vector<std::string> taken = known_flags(&verb, {});
  if (std::find(taken.begin(), taken.end(), "--" + input.name) != taken.end()) return "";
  std::string dashed = input.name;
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  return "--" + input.name + (dashed == input.name ? "" : ",--" + dashed);
}

void refuse_unknown(const Arguments& arguments, const std::vector<const Verb*>& verbs,
                    const std::vector<PipelineInput>& inputs) {
  if (arguments.unknown.empty()) return;
  const std::string& word = arguments.unknown.front();
  if (word.starts_with("-")) {
    const std::string name = word.substr(0, word.find('='));
    throw UsageError("unknown option " + name +
                     did_you_mean(name, known_flags(arguments.verb, inputs)));
  }
  if (arguments.verb) {
    throw UsageError(arguments.verb->name + " does not know what to do with \"" + word +
                     "\"; see `heddle help " + arguments.verb->name + "`");
  }
  std::vector<std::string> names;
  for (const Verb* verb : verbs) names.push_back(verb->name);
  throw UsageError("unknown verb \"" + word + "\"" + did_you_mean(word, names) +
                   "; see `heddle help`");
}

}  // namespace heddle::cli
