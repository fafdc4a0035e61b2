#include "engine/file_choice.h"

namespace heddle {

std::vector<std::string> file_choices(const InputSpec& spec, const Folders& folders) {
  return spec.names.list ? spec.names.list(folders) : folders.list(spec.folder);
}

std::optional<std::vector<FolderFile>> chosen_files(const InputSpec& spec, const std::string& name,
                                                    const Folders& folders) {
  if (spec.names.files) return spec.names.files(name, folders);
  if (!folders.find(spec.folder, name)) return std::nullopt;
  return std::vector{FolderFile{spec.folder, name}};
}

}  // namespace heddle
