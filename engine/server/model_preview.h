// The picture that goes with a model file: one beside it, or the cover that a trainer put into it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace heddle::server {

/// As WebP. For "cat.safetensors": a picture named "cat.preview.*" or "cat.*" beside it, else the first of the
/// ssmd_cover_images in its header. Nothing if there is none that can be read.
std::optional<std::string> model_preview(const std::filesystem::path& model);

/// Whether there are such, without opening a picture: a few names are looked for; the header of the file is read.
bool has_picture_beside(const std::filesystem::path& model);
bool has_cover_inside(const std::filesystem::path& model);

}  // namespace heddle::server
