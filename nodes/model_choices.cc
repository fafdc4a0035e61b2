#include "nodes/model_choices.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "engine/folders.h"
#include "nodes/checkpoint_values.h"
#include "nodes/weights/diffusers_folder.h"
#include "nodes/weights/joined_file.h"

namespace heddle {
namespace {

using Files = std::vector<FolderFile>;

// ---- diffusers

constexpr std::string_view kDiffusers = "diffusers";

std::optional<std::filesystem::path> find_model(const std::string& name, const Folders& folders) {
  const auto index = folders.find(kDiffusers, name + "/" + weights::kModelIndex);
  return index ? std::optional(index->parent_path()) : std::nullopt;
}

std::optional<Files> files_of_model(const std::string& name, const Folders& folders) {
  const auto model = find_model(name, folders);
  if (!model) return std::nullopt;
  Files files{{std::string(kDiffusers), name + "/" + weights::kModelIndex}};
  try {
    for (const std::string& file : weights::diffusers_files(*model)) {
      files.push_back({std::string(kDiffusers), name + "/" + file});
    }
  } catch (const weights::FileError&) {
    return files;  // the step itself will say what is wrong
  }
  return files;
}

// ---- VAEs

constexpr std::string_view kVae = "vae", kApprox = "vae_approx", kPixelSpace = "pixel_space";

// Ollin Boer Bohan's networks work on latents in the scale of the U-Net.
struct TinyVae {
  const char* name;
  double latent_scale;
};
constexpr TinyVae kTinyVaes[] = {{"taesd", 0.18215}, {"taesdxl", 0.13025}};

// The first file in "vae_approx" that begins with NAME_HALF and a dot.
std::optional<FolderFile> find_half(const std::string& name, const char* half, const Folders& folders) {
  const std::string beginning = name + "_" + half + ".";
  for (const std::string& file : folders.list(kApprox)) {
    if (file.starts_with(beginning)) return FolderFile{std::string(kApprox), file};
  }
  return std::nullopt;
}

std::optional<Files> halves_of(const TinyVae& tiny, const Folders& folders) {
  const auto encoder = find_half(tiny.name, "encoder", folders), decoder = find_half(tiny.name, "decoder", folders);
  if (!encoder || !decoder) return std::nullopt;
  return Files{*encoder, *decoder};
}

const TinyVae* find_tiny(const std::string& name) {
  const auto found = std::find_if(std::begin(kTinyVaes), std::end(kTinyVaes),
                                  [&](const TinyVae& tiny) { return name == tiny.name; });
  return found == std::end(kTinyVaes) ? nullptr : found;
}

std::vector<std::string> list_vaes(const Folders& folders) {
  std::vector<std::string> names = folders.list(kVae);
  for (const TinyVae& tiny : kTinyVaes) {
    if (halves_of(tiny, folders)) names.push_back(tiny.name);
  }
  names.push_back(std::string(kPixelSpace));
  return names;
}

std::optional<Files> files_of_vae(const std::string& name, const Folders& folders) {
  if (name == kPixelSpace) return Files{};
  if (const TinyVae* tiny = find_tiny(name)) {
    if (auto halves = halves_of(*tiny, folders)) return halves;
  }
  if (!folders.find(kVae, name)) return std::nullopt;
  return Files{{std::string(kVae), name}};
}

std::filesystem::path path_of(const FolderFile& file, const Folders& folders) {
  if (auto path = folders.find(file.folder, file.name)) return *path;
  throw std::runtime_error("no file \"" + file.name + "\" in " + file.folder + " any more");
}

VaeValue open_tiny(const TinyVae& tiny, const Files& halves, const Folders& folders) {
  const auto encoder = path_of(halves[0], folders), decoder = path_of(halves[1], folders);
  const auto joined = weights::join_files(encoder.parent_path() / tiny.name,
                                          {{"taesd_encoder.", weights::TensorFile::open(encoder)},
                                           {"taesd_decoder.", weights::TensorFile::open(decoder)}});
  const weights::Checkpoint checkpoint = weights::open_checkpoint(joined);
  if (!checkpoint.vae) throw std::runtime_error(std::string(tiny.name) + ": its two files hold no Tiny AutoEncoder");
  return make_tiny_vae({.file = joined, .part = *checkpoint.vae, .patches = nullptr}, tiny.latent_scale);
}

}  // namespace

DiffusersFolder SocketType<DiffusersFolder>::from_json(const Json& json, const Folders& folders) {
  const std::string& name = json.get_ref<const std::string&>();
  if (auto path = find_model(name, folders)) return {name, *path};
  throw std::runtime_error("no model \"" + name + "\" in diffusers any more");
}

void SocketType<DiffusersFolder>::describe(InputSpec& spec) {
  spec.folder = kDiffusers;
  spec.names = {[](const Folders& folders) { return folders.list_holders(kDiffusers, weights::kModelIndex); },
                files_of_model};
}

void SocketType<VaeChoice>::describe(InputSpec& spec) {
  spec.folder = kVae;
  spec.names = {list_vaes, files_of_vae};
}

VaeValue open_vae_choice(const VaeChoice& choice, const Folders& folders) {
  const auto files = files_of_vae(choice.name, folders);
  if (!files) throw std::runtime_error("no file \"" + choice.name + "\" in vae any more");
  if (files->empty()) return pixel_space_vae();
  if (files->size() == 2) return open_tiny(*find_tiny(choice.name), *files, folders);
  const weights::Checkpoint checkpoint = weights::open_checkpoint(path_of(files->front(), folders));
  if (!checkpoint.vae) throw std::runtime_error("\"" + choice.name + "\" holds no VAE; choose another file");
  return vae_of(checkpoint, "\"" + choice.name + "\"");
}

}  // namespace heddle
