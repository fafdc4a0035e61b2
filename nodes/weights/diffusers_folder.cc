#include "nodes/weights/diffusers_folder.h"

#include <string_view>

#include "nodes/weights/joined_file.h"

namespace heddle::weights {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUNet = "unet";

struct Network {
  const char* folder;
  bool is_text;
};
constexpr Network kNetworks[] = {
    {kUNet, false}, {"vae", false}, {"text_encoder", true}, {"text_encoder_2", true}};

// In the order of preference. The two names of an index of a variant are of different years.
constexpr const char* kEndings[] = {".fp16.safetensors",
                                    ".fp16.safetensors.index.json",
                                    ".safetensors.index.fp16.json",
                                    ".safetensors",
                                    ".safetensors.index.json",
                                    ".fp16.bin",
                                    ".bin"};

std::string stem_of(const Network& network, std::string_view ending) {
  if (!network.is_text) return "diffusion_pytorch_model";
  return ending.ends_with(".bin") ? "pytorch_model" : "model";
}

bool is_index(const fs::path& path) { return path.extension() == ".json"; }

// Empty if the network is not there.
fs::path find_network(const fs::path& folder, const Network& network) {
  for (const char* ending : kEndings) {
    const fs::path path = folder / network.folder / (stem_of(network, ending) + ending);
    std::error_code error;
    if (fs::is_regular_file(path, error)) return path;
  }
  return {};
}

fs::path require_unet(const fs::path& folder, fs::path found) {
  if (!found.empty()) return found;
  std::error_code error;
  const bool other = fs::is_directory(folder / "transformer", error);
  throw FileError(
      folder.string() + ": there is no unet/diffusion_pytorch_model.safetensors" +
      (other ? "; its transformer/ belongs to a family that is not supported yet (supported: "
               "Stable Diffusion 1.x, 2.x and XL)"
             : " in this folder; fetch the model again"));
}

template <typename Use>
void for_each_network(const fs::path& folder, Use use) {
  for (const Network& network : kNetworks) {
    fs::path path = find_network(folder, network);
    if (std::string_view(network.folder) == kUNet) path = require_unet(folder, std::move(path));
    if (!path.empty()) use(network, path);
  }
}

}  // namespace

std::vector<std::string> diffusers_files(const fs::path& folder) {
  std::vector<std::string> files;
  const auto add = [&](const fs::path& path) {
    files.push_back(path.lexically_relative(folder).generic_string());
  };
  for_each_network(folder, [&](const Network&, const fs::path& path) {
    add(path);
    if (!is_index(path)) return;
    for (const fs::path& shard : shards_of(path)) add(shard);
  });
  return files;
}

std::shared_ptr<const TensorFile> open_diffusers_folder(const fs::path& folder) {
  std::vector<FileUnderPrefix> networks;
  for_each_network(folder, [&](const Network& network, const fs::path& path) {
    const std::string prefix = std::string(network.folder) + ".";
    networks.push_back({prefix, is_index(path) ? open_sharded(path) : TensorFile::open(path)});
  });
  const fs::path named = folder.has_filename() ? folder : folder.parent_path();
  return join_files(named, std::move(networks));
}

}  // namespace heddle::weights
