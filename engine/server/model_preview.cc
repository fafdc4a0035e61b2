#include "engine/server/model_preview.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/base64.h"
#include "engine/atomic_file.h"
#include "engine/image_file.h"
#include "engine/json_access.h"
#include "engine/safetensors_header.h"
#include "engine/server/picture_channels.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxHeader = size_t{8} << 20;
constexpr uint64_t kMaxPreviewPixels = uint64_t{1} << 24;

std::optional<std::string> as_webp(std::string_view bytes) {
  try {
    return encode_webp(eight_bits(std::move(read_pictures_from(bytes, "preview", kMaxPreviewPixels).front())), {});
  } catch (const ImageError&) {
    return std::nullopt;  // then another will do
  }
}

constexpr std::array kExtensions{".png", ".jpg", ".jpeg", ".webp"};

bool has_picture_extension(const fs::path& path) {
  return std::find(kExtensions.begin(), kExtensions.end(), path.extension().string()) != kExtensions.end();
}

// "cat.preview.png" before "cat.png": it was made for this.
std::vector<fs::path> pictures_beside(const fs::path& model) {
  const std::string stem = model.stem().string();
  std::vector<fs::path> named_preview, others;
  std::error_code error;
  for (fs::directory_iterator at(model.parent_path(), error), end; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    std::error_code gone;
    if (!has_picture_extension(path) || !at->is_regular_file(gone)) continue;
    const std::string own_stem = path.stem().string();
    if (own_stem == stem + ".preview") named_preview.push_back(path);
    if (own_stem == stem) others.push_back(path);
  }
  std::sort(named_preview.begin(), named_preview.end());
  std::sort(others.begin(), others.end());
  named_preview.insert(named_preview.end(), others.begin(), others.end());
  return named_preview;
}

// Metadata of safetensors are texts: the list of covers is JSON in one. In base64.
Json covers_inside(const fs::path& model) {
  if (model.extension() != ".safetensors") return nullptr;
  try {
    const Json metadata = safetensors_metadata(model, kMaxHeader);
    return parse_json(text_or(member(metadata, "ssmd_cover_images"), "null"));
  } catch (const JsonError&) {
    return nullptr;
  }
}

std::optional<std::string> cover_inside(const fs::path& model) {
  const Json covers = covers_inside(model);
  for (const Json& cover : items_of(covers)) {
    const std::optional<std::string> bytes = base64_decoded(text_or(cover, ""));
    if (std::optional<std::string> picture = bytes ? as_webp(*bytes) : std::nullopt) return picture;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> model_preview(const fs::path& model) {
  for (const fs::path& path : pictures_beside(model)) {
    if (std::optional<std::string> picture = as_webp(read_file(path))) return picture;
  }
  return cover_inside(model);
}

bool has_picture_beside(const fs::path& model) {
  const std::string stem = (model.parent_path() / model.stem()).string();
  return std::any_of(kExtensions.begin(), kExtensions.end(), [&](const char* extension) {
    std::error_code error;
    return fs::is_regular_file(stem + ".preview" + extension, error) || fs::is_regular_file(stem + extension, error);
  });
}

bool has_cover_inside(const fs::path& model) { return !items_of(covers_inside(model)).empty(); }

}  // namespace heddle::server
