// A model as diffusers keeps it: a folder with model_index.json and a folder for each network.
#pragma once

#include <string>
#include <vector>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

constexpr const char* kModelIndex = "model_index.json";

/// The files of a model that are read, relative to `folder`: for each network that is there the
/// first of *.fp16.safetensors, *.safetensors, *.fp16.bin and *.bin, or its index and shards.
/// Throws FileError if there is no U-Net, or if an index names a shard that is missing.
std::vector<std::string> diffusers_files(const std::filesystem::path& folder);

/// All of it as one file: tensors of "unet/" are called "unet.NAME", and likewise for "vae",
/// "text_encoder" and "text_encoder_2". Throws FileError as diffusers_files and TensorFile::open.
std::shared_ptr<const TensorFile> open_diffusers_folder(const std::filesystem::path& folder);

}  // namespace heddle::weights
