// heddle models: which model files are found, and where.
#include <filesystem>
#include <iostream>

#include "engine/cli/json_events.h"
#include "engine/cli/place.h"
#include "engine/cli/report.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"

namespace heddle::cli {
namespace {

namespace fs = std::filesystem;

struct Model {
  std::string kind, name;
  uint64_t bytes = 0;
  fs::path folder;
};

std::vector<Model> find_models(const Folders& folders) {
  std::vector<Model> models;
  for (const auto& [kind, roots] : folders.models) {
    for (const std::string& name : folders.list(kind)) {
      const auto path = folders.find(kind, name);
      if (!path) continue;  // gone since it was listed
      std::error_code error;
      const uint64_t bytes = fs::file_size(*path, error);
      fs::path folder = *path;
      for (const auto& part : fs::path(name)) folder = part.empty() ? folder : folder.parent_path();
      models.push_back({kind, name, error ? 0 : bytes, folder.lexically_normal()});
    }
  }
  return models;
}

int models(const Options& options, const Program&) {
  const Place place = find_place(options);
  const std::vector<Model> found = find_models(place.folders);
  std::vector<std::vector<std::string>> rows;
  for (const Model& model : found) {
    if (options.json) {
      write_json_line(std::cout, {{"kind", model.kind},
                                  {"name", model.name},
                                  {"bytes", model.bytes},
                                  {"folder", model.folder.string()}});
    } else if (options.quiet) {
      std::cout << printable(model.name) << '\n';
    } else {
      rows.push_back(
          {model.kind, printable(model.name), size_text(model.bytes), model.folder.string()});
    }
  }
  print_table(rows);
  if (!found.empty() || options.quiet || options.json) return kDone;
  std::cout << "no models; looked in\n";
  for (const fs::path& root : place.model_roots) std::cout << "  " << root.string() << '\n';
  std::cout << "add a folder by --models DIR\n";
  return kDone;
}

}  // namespace

const Verb& models_verb() {
  static const Verb kVerb{.name = "models",
                          .summary = "lists the model files that are found, and where",
                          .examples = {"heddle models", "heddle models --comfyui ~/ComfyUI"},
                          .run = models};
  return kVerb;
}

}  // namespace heddle::cli
