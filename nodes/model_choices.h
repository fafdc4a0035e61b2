// Choices of models that are more than one file of a folder, or none: for the editor's lists, for what a graph may name,
// and for the content keys of steps.
#pragma once

#include <filesystem>
#include <string>

#include "engine/socket_types.h"
#include "nodes/values.h"

namespace heddle {

/// A folder with a model as diffusers keeps it, by its name in the "diffusers" folder.
struct DiffusersFolder {
  std::string name;
  std::filesystem::path path;
};
template <>
struct SocketType<DiffusersFolder> {
  static constexpr std::string_view kName = "COMBO";
  static size_t bytes(const DiffusersFolder& folder) { return folder.name.size(); }
  static DiffusersFolder from_json(const Json& json, const Folders& folders);
  static void describe(InputSpec& spec);
};

/// A file in "vae"; "taesd" or "taesdxl", whose two halves are files in "vae_approx"; or "pixel_space", which is no
/// network at all.
struct VaeChoice {
  std::string name;
};
template <>
struct SocketType<VaeChoice> {
  static constexpr std::string_view kName = "COMBO";
  static size_t bytes(const VaeChoice& choice) { return choice.name.size(); }
  static VaeChoice from_json(const Json& json, const Folders&) { return {json.get<std::string>()}; }
  static void describe(InputSpec& spec);
};

/// Opens what was chosen. Throws what TensorFile::open throws, and std::runtime_error if a file holds no VAE.
VaeValue open_vae_choice(const VaeChoice& choice, const Folders& folders);

}  // namespace heddle
