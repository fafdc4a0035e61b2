#include "engine/cli/place.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "engine/cli/settings.h"

namespace heddle::cli {
namespace {

namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

const fs::path& checked_folder(const fs::path& path, const std::string& named_by) {
  if (!is_folder(path)) {
    throw UsageError(named_by + " names " + path.string() + ", which is no folder");
  }
  return path;
}

// Folders that come with the program, `name` in the repository: beside the folder of the
// executable, or in the current one.
std::vector<fs::path> bundled(const char* name) {
  std::vector<fs::path> found;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) found.push_back(program.parent_path().parent_path() / name);
  const fs::path here = fs::current_path(error) / name;
  if (found.empty() || found[0] != here) found.push_back(here);
  std::erase_if(found, [](const fs::path& path) { return !is_folder(path); });
  return found;
}

void add_models(Place& place, const fs::path& root) {
  place.folders.add_model_root(root);
  place.model_roots.push_back(root);
}

void add_listed_models(Place& place, const std::string& list) {
  size_t begin = 0;
  while (begin <= list.size()) {
    const size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) {
      add_models(place, checked_folder(list.substr(begin, end - begin), "HEDDLE_MODELS"));
    }
    begin = end + 1;
  }
}

void add_extra_paths(Place& place, const fs::path& file) {
  try {
    add_extra_model_paths(place.folders, file);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
}

void use_comfyui(Place& place, const fs::path& root) {
  checked_folder(root, "--comfyui");
  add_models(place, root / "models");
  if (fs::exists(root / "extra_model_paths.yaml")) {
    add_extra_paths(place, root / "extra_model_paths.yaml");
  }
  place.folders.input = root / "input";
  place.folders.output = root / "output";
  place.workflows.push_back(root / "user/default/workflows");
}

fs::path data_folder(const Options& options) {
  if (!options.data.empty()) return options.data;
  const std::string folder = xdg_folder("XDG_DATA_HOME", ".local/share");
  if (folder.empty()) {
    throw UsageError("there is no home folder to keep data in; name a folder by --data DIR");
  }
  return fs::path(folder) / "heddle";
}

// The rest is for the work itself, and for everything else on the machine.
uint64_t two_thirds_of_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
  constexpr uint64_t kIfUnknown = uint64_t{2} << 30;
  return pages > 0 && page > 0 ? uint64_t(pages) * uint64_t(page) / 3 * 2 : kIfUnknown;
}

std::unique_ptr<ResultStore> disk_store(const Place& place, uint64_t max_bytes,
                                        const ValueReaders& readers) {
  try {
    return make_disk_store(place.cache, max_bytes, readers);
  } catch (const std::runtime_error& error) {
    throw UsageError("cannot keep results in " + place.cache.string() + ": " + error.what() +
                     "; name another folder by --cache-dir, or use --no-cache");
  }
}

}  // namespace

Place find_place(const Options& options) {
  Place place;
  place.data = data_folder(options);
  place.cache = options.cache_dir.empty() ? place.data / "cache" : fs::path(options.cache_dir);
  place.folders.input = place.data / "input";
  place.folders.output = "output";
  place.folders.temp = place.data / "temp";
  place.folders.user = place.data / "user";
  place.pipelines.push_back(place.folders.user / "pipelines");
  place.workflows.push_back(place.folders.user / "default/workflows");

  for (const std::string& root : options.models) {
    add_models(place, checked_folder(root, "--models"));
  }
  if (const char* list = std::getenv("HEDDLE_MODELS")) add_listed_models(place, list);
  for (const std::string& file : options.extra_model_paths) add_extra_paths(place, file);
  if (!options.comfyui.empty()) use_comfyui(place, options.comfyui);
  for (const fs::path& root : bundled("models")) add_models(place, root);
  for (const fs::path& folder : bundled("graphs")) place.pipelines.push_back(folder);
  if (!options.out.empty()) place.folders.output = options.out;
  return place;
}

std::unique_ptr<Cache> open_cache(const Options& options, const Place& place,
                                  const ValueReaders& readers) {
  constexpr Size kUsualDisk{uint64_t{10} << 30};
  if (options.no_cache) return nullptr;
  const Size memory = options.cache_memory.value_or(Size{two_thirds_of_memory()});
  const Size disk = options.cache_disk.value_or(kUsualDisk);
  return std::make_unique<Cache>(make_memory_store(memory.bytes),
                                 disk_store(place, disk.bytes, readers));
}

std::unique_ptr<ResultStore> existing_disk_store(const Options& options, const Place& place,
                                                 const ValueReaders& readers) {
  // Looking must not drop what a larger bound has kept.
  constexpr uint64_t kNoBound = uint64_t{1} << 62;
  if (options.no_cache || !is_folder(place.cache / "results")) return nullptr;
  return disk_store(place, kNoBound, readers);
}

}  // namespace heddle::cli
