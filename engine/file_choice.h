// The files that an input may name: the list of the editor, and what a name in a graph stands for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/declaration.h"
#include "engine/folders.h"

namespace heddle {

/// What an editor offers. REQUIRES: spec.is_file().
std::vector<std::string> file_choices(const InputSpec& spec, const Folders& folders);

/// The files that `name` stands for, or nothing if it is not one of the choices. REQUIRES: spec.is_file().
std::optional<std::vector<FolderFile>> chosen_files(const InputSpec& spec, const std::string& name,
                                                    const Folders& folders);

}  // namespace heddle
