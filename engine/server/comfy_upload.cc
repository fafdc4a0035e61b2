#include "engine/server/comfy_upload.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

#include "engine/atomic_file.h"
#include "engine/json_access.h"
#include "engine/server/named_file.h"
#include "engine/server/picture_channels.h"
#include "engine/server/refusal.h"
#include "engine/server/safe_path.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxName = 240;  // leaves room for " (1)" within what file systems allow
constexpr int kMaxNumber = 100'000;
// Of an uploaded mask and the picture it is for. Both are in memory at once, so less than a picture on disk may have.
constexpr uint64_t kMaxMaskPixels = uint64_t{1} << 26;
constexpr int kMaskCompression = 4;

struct Upload {
  std::string name, type, subfolder;
  bool overwrite = false;
  std::string_view bytes;
  std::string original_ref;
  fs::path folder;
};

const FormPart* part_named(const std::vector<FormPart>& parts, std::string_view name) {
  for (const FormPart& part : parts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

std::string text_of(const std::vector<FormPart>& parts, std::string_view name, const char* otherwise) {
  const FormPart* part = part_named(parts, name);
  return part ? std::string(part->content) : otherwise;
}

void check_name(const std::string& name) {
  if (name.empty()) throw Refusal(400, "the part \"image\" has no file name");
  if (name.size() > kMaxName) throw Refusal(400, "the file name is longer than 240 bytes");
  if (is_safe_name(name) && name.find('/') == std::string::npos) return;
  throw Refusal(400, "the file name cannot be used; expected a plain name in UTF-8 as \"cat.png\", without '/', '\\', "
                     "control characters or a dot in front; folders go into \"subfolder\"");
}

Upload read_upload(const Site& site, const Request& request, const std::vector<FormPart>& parts) {
  if (request.body.size() > site.max_upload) {
    throw Refusal(413, "the upload is larger than this server takes: " + std::to_string(site.max_upload) + " bytes");
  }
  const FormPart* image = part_named(parts, "image");
  if (image == nullptr || !image->is_file) throw Refusal(400, "the form has no file in a part named \"image\"");
  check_name(image->filename);

  Upload upload;
  upload.name = image->filename;
  upload.bytes = image->content;
  upload.type = text_of(parts, "type", "input");
  upload.subfolder = text_of(parts, "subfolder", "");
  upload.original_ref = text_of(parts, "original_ref", "");
  const std::string overwrite = text_of(parts, "overwrite", "");
  upload.overwrite = overwrite == "true" || overwrite == "1";

  const fs::path* root = folder_of(site.folders, upload.type);
  if (root == nullptr) throw Refusal(400, "unknown type \"" + upload.type + "\"; expected input, output or temp");
  const std::optional<fs::path> folder = subfolder_of(*root, upload.subfolder);
  if (!folder) throw Refusal(400, "the subfolder leads out of its folder, or has a name that cannot be used");
  upload.folder = *folder;
  return upload;
}

std::string numbered(const std::string& name, int number) {
  if (number == 0) return name;
  const fs::path path(name);
  return path.stem().string() + " (" + std::to_string(number) + ")" + path.extension().string();
}

bool holds(const fs::path& path, std::string_view bytes) {
  std::error_code error;
  // Of the file itself: what a link leads to may lie outside.
  if (!fs::is_regular_file(fs::symlink_status(path, error))) return false;
  return fs::file_size(path, error) == bytes.size() && !error && read_file(path) == bytes;
}

// Puts the bytes under `name` or, if something else has that name, under a free one like it. Returns the name.
std::string keep_beside_others(const fs::path& folder, const std::string& name, std::string_view bytes) {
  for (int number = 0; number < kMaxNumber; ++number) {
    const std::string candidate = numbered(name, number);
    const fs::path path = folder / candidate;
    std::error_code error;
    const bool is_free = fs::symlink_status(path, error).type() == fs::file_type::not_found;
    if (is_free ? write_new_file(path, bytes) : holds(path, bytes)) return candidate;
    if (is_free) --number;  // somebody was faster: perhaps with these very bytes
  }
  throw Refusal(409, "every name like \"" + name + "\" is taken");
}

std::string keep(const Upload& upload, std::string_view bytes) {
  fs::create_directories(upload.folder);
  if (!upload.overwrite) return keep_beside_others(upload.folder, upload.name, bytes);
  const fs::path path = upload.folder / upload.name;
  if (fs::is_directory(path)) throw Refusal(400, "\"" + upload.name + "\" is the name of a folder");
  if (!holds(path, bytes)) write_file_atomically(path, bytes);
  return upload.name;
}

Response answer(const Upload& upload, const std::string& name) {
  return json_response({{"name", name}, {"subfolder", upload.subfolder}, {"type", upload.type}});
}

NamedFile original_of(const Upload& upload) {
  NamedFile original;
  try {
    const Json ref = parse_json(upload.original_ref);
    original.filename = text_or(member(ref, "filename"), "");
    original.type = text_or(member(ref, "type"), "output");
    original.subfolder = text_or(member(ref, "subfolder"), "");
  } catch (const JsonError& error) {
    throw Refusal(400, std::string("original_ref is not JSON: ") + error.what());
  }
  if (original.filename.empty()) {
    throw Refusal(400, "original_ref names no file; expected {\"filename\": NAME, \"type\": \"output\", "
                       "\"subfolder\": \"\"}");
  }
  return original;
}

std::string size_text(const Picture& picture) {
  return std::to_string(picture.width) + "x" + std::to_string(picture.height);
}

// The original with the alpha of the mask, and all that was written into it.
std::string masked_picture(const fs::path& path, const Upload& upload) {
  const std::string bytes = read_file(path);
  const std::string name = path.filename().string();
  Picture original = eight_bits(std::move(read_pictures_from(bytes, name, kMaxMaskPixels).front()));
  const Picture mask = eight_bits(std::move(read_pictures_from(upload.bytes, upload.name, kMaxMaskPixels).front()));
  if (original.width != mask.width || original.height != mask.height) {
    throw Refusal(400, "the mask is " + size_text(mask) + " and the picture it is for " + size_text(original) +
                           "; they must have the same size");
  }
  return encode_png(with_alpha_of(std::move(original), mask), read_image_texts(bytes, name), kMaskCompression);
}

// Uploads of one server. Decoding takes much memory: one after the other.
class Uploads {
 public:
  explicit Uploads(const Site& site) : site_(site) {}

  Response image(const Request& request) {
    const std::vector<FormPart> parts = form_of(request);
    const Upload upload = read_upload(site_, request, parts);
    return answer(upload, keep(upload, upload.bytes));
  }

  Response mask(const Request& request) {
    const std::vector<FormPart> parts = form_of(request);
    const Upload upload = read_upload(site_, request, parts);
    const NamedFile wanted = original_of(upload);
    const std::optional<fs::path> original = find_named_file(site_.folders, wanted);
    if (!original) {
      // ComfyUI says so to nobody; editors count on the answer being a good one.
      spdlog::warn("a mask was uploaded for a picture that is not there: {}", dump_python(wanted.filename));
      return answer(upload, upload.name);
    }
    return answer(upload, keep(upload, masked(*original, upload)));
  }

 private:
  static std::vector<FormPart> form_of(const Request& request) {
    std::optional<std::vector<FormPart>> parts = parse_form(request);
    if (!parts) throw Refusal(400, "the body is no multipart/form-data with a file in the part \"image\"");
    return std::move(*parts);
  }

  std::string masked(const fs::path& original, const Upload& upload) {
    const std::lock_guard lock(decoding_);
    try {
      return masked_picture(original, upload);
    } catch (const ImageError& error) {
      throw Refusal(400, error.what());
    }
  }

  const Site& site_;
  std::mutex decoding_;
};

}  // namespace

void add_comfy_upload_routes(Routes& routes, Site& site) {
  const auto uploads = std::make_shared<Uploads>(site);
  routes.add_both("POST", "/upload/image",
                  answering_refusals([uploads](const Request& request) { return uploads->image(request); }));
  routes.add_both("POST", "/upload/mask",
                  answering_refusals([uploads](const Request& request) { return uploads->mask(request); }));
}

}  // namespace heddle::server
