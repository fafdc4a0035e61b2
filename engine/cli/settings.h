// The settings file: TOML that holds flags by name, those of one verb in a section of its name.
//
//   threads = 4
//   models = ["/models/sd"]
//   [run]
//   out = "pictures"
#pragma once

#include <string>
#include <vector>

#include "engine/cli/options.h"

namespace heddle::cli {

/// $XDG_CONFIG_HOME/heddle/settings.toml, whether it exists or not; "" without a home.
std::string default_settings();

/// Throws UsageError if the file, where it exists, names a flag that is none. CLI11 would pass it
/// by in silence.
void check_settings(const std::string& file, const std::vector<const Verb*>& verbs);

/// The folder that a variable of the XDG base directory specification names, else `below_home` in
/// the home folder, else "".
std::string xdg_folder(const char* variable, const char* below_home);

}  // namespace heddle::cli
