#include "engine/folders.h"

#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>
#include <stdexcept>

#include "engine/text_encoding.h"

namespace heddle {
namespace {

namespace fs = std::filesystem;

bool has_model_extension(const fs::path& file, std::string_view kind) {
  static const std::set<std::string> kExtensions{".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"};
  if (kind == "configs") return file.extension() == ".yaml";
  if (kind == "classifiers") return file.extension().empty();
  if (kind == "diffusers") return false;  // its models are folders
  return kExtensions.contains(file.extension().string());
}

bool is_plain_folder(std::string_view folder) {
  return folder == "input" || folder == "output" || folder == "temp";
}

// Relative names of the files below `root`; links are followed, .git folders and unreadable ones skipped.
void list_below(const fs::path& root, bool recursive, const std::function<bool(const fs::path&)>& wanted,
                std::set<std::string>& names) {
  std::error_code error;
  const auto options = fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator it(root, options, error), end;
  while (!error && it != end) {
    const bool is_folder = it->is_directory(error);
    // A ring of links would be walked for ever.
    if (is_folder && (!recursive || it->path().filename() == ".git" || it.depth() > 16)) it.disable_recursion_pending();
    if (!is_folder && it->is_regular_file(error) && wanted(it->path())) {
      // Graphs and lists are JSON, which has no other texts.
      std::string name = it->path().lexically_relative(root).generic_string();
      if (is_utf8(name)) names.insert(std::move(name));
    }
    error.clear();
    it.increment(error);
  }
}

bool stays_inside(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != name.npos) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

// The path of `name` in `root` if it stays inside and is a file. Each run asks for each of its files: one system call,
// and no path taken apart before it is known to be there.
std::optional<fs::path> inside(const fs::path& root, std::string_view name) {
  if (root.empty() || !stays_inside(name)) return std::nullopt;
  std::string path = root.native();
  if (path.back() != '/') path += '/';
  path += name;
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return fs::path(std::move(path));
}

// "cat.png [output]" -> {"cat.png", "output"}, as ComfyUI writes names of files outside the input folder.
std::pair<std::string_view, std::string_view> split_annotation(std::string_view name) {
  for (const std::string_view folder : {"input", "output", "temp"}) {
    const std::string suffix = " [" + std::string(folder) + "]";
    if (name.ends_with(suffix)) return {name.substr(0, name.size() - suffix.size()), folder};
  }
  return {name, ""};
}

fs::path expand(const std::string& text, const fs::path& base) {
  std::string path = text;
  const char* home = std::getenv("HOME");
  if (home && (path == "~" || path.starts_with("~/"))) path = home + path.substr(1);
  for (size_t at = path.find('$'); at != std::string::npos; at = path.find('$', at + 1)) {
    const bool braces = path[at + 1] == '{';
    const size_t begin = at + 1 + braces;
    size_t end = begin;
    while (end < path.size() && (std::isalnum(static_cast<unsigned char>(path[end])) || path[end] == '_')) ++end;
    const char* value = std::getenv(path.substr(begin, end - begin).c_str());
    if (value) path.replace(at, end + (braces && end < path.size()) - at, value);
  }
  return fs::path(path).is_absolute() ? fs::path(path) : (base / path).lexically_normal();
}

void add_folders(Folders& folders, std::string kind, const std::string& lines, const fs::path& base, bool first) {
  if (kind == "unet") kind = "diffusion_models";
  if (kind == "clip") kind = "text_encoders";
  std::vector<fs::path>& known = folders.models[kind];
  size_t begin = 0;
  while (begin <= lines.size()) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    std::string line = lines.substr(begin, end - begin);
    begin = end + 1;
    const size_t text = line.find_first_not_of(" \t\r");
    if (text == std::string::npos) continue;
    const fs::path folder = expand(line.substr(text, line.find_last_not_of(" \t\r") - text + 1), base);
    known.insert(first ? known.begin() : known.end(), folder);
  }
}

}  // namespace

const std::vector<std::pair<std::string, std::vector<std::string>>>& model_kinds() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> kKinds{
      {"checkpoints", {"checkpoints"}},
      {"configs", {"configs"}},
      {"loras", {"loras"}},
      {"vae", {"vae"}},
      {"text_encoders", {"text_encoders", "clip"}},
      {"diffusion_models", {"unet", "diffusion_models"}},
      {"clip_vision", {"clip_vision"}},
      {"style_models", {"style_models"}},
      {"embeddings", {"embeddings"}},
      {"diffusers", {"diffusers"}},
      {"vae_approx", {"vae_approx"}},
      {"controlnet", {"controlnet", "t2i_adapter"}},
      {"gligen", {"gligen"}},
      {"upscale_models", {"upscale_models"}},
      {"hypernetworks", {"hypernetworks"}},
      {"photomaker", {"photomaker"}},
      {"classifiers", {"classifiers"}},
      {"model_patches", {"model_patches"}},
      {"audio_encoders", {"audio_encoders"}},
  };
  return kKinds;
}

void Folders::add_model_root(const fs::path& root) {
  for (const auto& [kind, names] : model_kinds()) {
    for (const std::string& name : names) models[kind].push_back(root / name);
  }
}

std::vector<std::string> Folders::list(std::string_view folder) const {
  std::set<std::string> names;
  if (is_plain_folder(folder)) {
    const auto any = [](const fs::path& file) { return !file.filename().string().starts_with('.'); };
    if (folder == "input" && !beside.empty()) list_below(beside, false, any, names);
    list_below(folder == "input" ? input : folder == "output" ? output : temp, false, any, names);
  } else if (const auto found = models.find(folder); found != models.end()) {
    const auto wanted = [&](const fs::path& file) { return has_model_extension(file, folder); };
    for (const fs::path& root : found->second) list_below(root, true, wanted, names);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> Folders::list_holders(std::string_view folder, std::string_view file_name) const {
  std::set<std::string> files, holders;
  const auto found = models.find(folder);
  if (found == models.end()) return {};
  const auto wanted = [&](const fs::path& file) { return file.filename() == file_name; };
  for (const fs::path& root : found->second) list_below(root, true, wanted, files);
  for (const fs::path file : files) holders.insert(file.has_parent_path() ? file.parent_path().generic_string() : ".");
  return {holders.begin(), holders.end()};
}

std::optional<fs::path> Folders::find(std::string_view folder, std::string_view name) const {
  if (is_plain_folder(folder)) {
    const auto [plain, other] = split_annotation(name);
    if (!other.empty()) folder = other;
    if (folder == "input" && other.empty()) {
      if (auto path = inside(beside, plain)) return path;
    }
    return inside(folder == "input" ? input : folder == "output" ? output : temp, plain);
  }
  const auto found = models.find(folder);
  if (found == models.end()) return std::nullopt;
  for (const fs::path& root : found->second) {
    if (auto path = inside(root, name)) return path;
  }
  return std::nullopt;
}

void add_extra_model_paths(Folders& folders, const fs::path& yaml) {
  try {
    const YAML::Node document = YAML::LoadFile(yaml.string());
    if (document.IsNull()) return;
    if (!document.IsMap()) throw std::runtime_error("expected sections with folders in them");
    for (const auto& section : document) {
      if (!section.second.IsMap()) continue;
      const fs::path here = fs::absolute(yaml).parent_path();
      const YAML::Node base_path = section.second["base_path"];
      const fs::path base = base_path ? expand(base_path.as<std::string>(), here) : here;
      const YAML::Node is_default = section.second["is_default"];
      const bool first = is_default && is_default.as<bool>();
      for (const auto& entry : section.second) {
        const std::string kind = entry.first.as<std::string>();
        if (kind == "base_path" || kind == "is_default" || !entry.second.IsScalar()) continue;
        add_folders(folders, kind, entry.second.as<std::string>(), base, first);
      }
    }
  } catch (const std::exception& error) {
    throw std::runtime_error("cannot use " + yaml.string() + ": " + error.what() +
                             "; expected the form of ComfyUI's extra_model_paths.yaml");
  }
}

}  // namespace heddle
