#include "engine/cli/settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/problem.h"

namespace heddle::cli {
namespace {

// Names that may stand in a section, without dashes.
std::vector<std::string> settable(const std::vector<Flag>& flags) {
  std::vector<std::string> names = flag_names(flags);
  for (std::string& name : names) name.erase(0, 2);
  return names;
}

const std::vector<Flag>& flags_of_section(const std::string& file,
                                          const std::vector<std::string>& section,
                                          const std::vector<const Verb*>& verbs) {
  if (section.empty()) return common_flags();
  std::vector<std::string> names;
  for (const Verb* verb : verbs) {
    if (section.size() == 1 && section[0] == verb->name) return verb->flags;
    names.push_back(verb->name);
  }
  throw UsageError("the settings file " + file + " has a section [" + section[0] +
                   "], which is no verb" + did_you_mean(section[0], names));
}

}  // namespace

std::string xdg_folder(const char* variable, const char* below_home) {
  const char* folder = std::getenv(variable);
  if (folder && *folder == '/') return folder;  // relative ones are invalid, says the specification
  const char* home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/" + below_home : "";
}

std::string default_settings() {
  const std::string folder = xdg_folder("XDG_CONFIG_HOME", ".config");
  return folder.empty() ? "" : folder + "/heddle/settings.toml";
}

void check_settings(const std::string& file, const std::vector<const Verb*>& verbs) {
  if (file.empty() || !std::filesystem::is_regular_file(file)) return;
  for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(file)) {
    if (item.name == "++" || item.name == "--") continue;  // a section begins or ends
    const std::vector<std::string> known = settable(flags_of_section(file, item.parents, verbs));
    if (std::find(known.begin(), known.end(), item.name) != known.end()) continue;
    throw UsageError("the settings file " + file + " sets \"" + item.fullname() +
                     "\", which is no flag" + did_you_mean(item.name, known));
  }
}

}  // namespace heddle::cli
