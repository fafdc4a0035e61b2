// ComfyUI's routes for files that exist: /view, /view_metadata, /internal/files.
#include <algorithm>
#include <memory>
#include <mutex>

#include "engine/atomic_file.h"
#include "engine/safetensors_header.h"
#include "engine/server/comfy_upload.h"
#include "engine/server/content_type.h"
#include "engine/server/listing.h"
#include "engine/server/model_folders.h"
#include "engine/server/named_file.h"
#include "engine/server/picture_channels.h"
#include "engine/server/refusal.h"
#include "engine/server/site.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxWebpSide = 16383;
constexpr size_t kMaxShownHeader = size_t{1} << 20;

// "webp;90": the form, and behind the last ';' the quality.
struct PreviewFormat {
  bool jpeg = false;
  int quality = 90;
};

PreviewFormat preview_format(const std::string& text, const std::string& channel) {
  PreviewFormat format;
  // JPEG has no place for an alpha.
  format.jpeg = text.substr(0, text.find(';')) == "jpeg" && channel.find('a') == std::string::npos;
  const size_t last = text.rfind(';');
  const std::string number = last == std::string::npos ? "" : text.substr(last + 1);
  const bool is_number = !number.empty() && number.size() <= 3 &&
                         std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) format.quality = std::clamp(std::stoi(number), 1, 100);
  return format;
}

Response picture_response(std::string bytes, const char* type) {
  Response response;
  response.type = type;
  response.body = std::move(bytes);
  return response;
}

Response preview(Picture picture, PreviewFormat format, const std::string& channel) {
  if (std::max(picture.width, picture.height) > kMaxWebpSide) format.jpeg = true;
  if (format.jpeg || channel == "rgb") picture = without_alpha(std::move(picture));
  if (format.jpeg) return picture_response(encode_jpeg(picture, {}, format.quality), "image/jpeg");
  return picture_response(encode_webp(picture, {}, format.quality), "image/webp");
}

Picture first_picture(const fs::path& path, const std::string& name) {
  return eight_bits(std::move(read_pictures_from(read_file(path), name).front()));
}

// The file itself. A browser may not take it for a page of this server: what it would run is a download.
Response whole_file(const fs::path& path) {
  Response response;
  response.type = content_type_of(path);
  const bool is_active = is_active_content(response.type);
  if (is_active) response.type = "application/octet-stream";
  response.headers.emplace_back("Content-Disposition",
                                (is_active ? "attachment; " : "") + named_file(path.filename().string()));
  response.file = path;
  return response;
}

// Answers /view. A decoded picture is a hundred times its file: one after the other.
class Viewer {
 public:
  explicit Viewer(const Site& site) : site_(site) {}

  Response view(const Request& request) {
    NamedFile wanted;
    const std::optional<std::string> filename = request.parameter("filename");
    if (!filename) throw Refusal(404, "no file was named; expected /view?filename=NAME&type=output&subfolder=");
    wanted.filename = *filename;
    wanted.type = request.parameter("type").value_or("output");
    wanted.subfolder = request.parameter("subfolder").value_or("");
    const std::optional<fs::path> path = find_named_file(site_.folders, wanted);
    if (!path) throw Refusal(404, "there is no file of that name");
    return view(request, *path);
  }

 private:
  Response view(const Request& request, const fs::path& path) {
    const std::optional<std::string> asked = request.parameter("preview");
    const std::string channel = request.parameter("channel").value_or("");
    if (!asked && channel != "rgb" && channel != "a") return whole_file(path);

    const std::string name = path.filename().string();
    Response response = converted(path, name, asked, channel);
    response.headers.emplace_back("Content-Disposition", named_file(name));
    return response;
  }

  Response converted(const fs::path& path, const std::string& name, const std::optional<std::string>& asked,
                     const std::string& channel) {
    const std::lock_guard lock(decoding_);
    try {
      Picture picture = first_picture(path, name);
      if (asked) return preview(std::move(picture), preview_format(*asked, channel), channel);
      const Picture shown = channel == "a" ? alpha_alone(picture) : without_alpha(std::move(picture));
      return picture_response(encode_png(shown, {}), "image/png");
    } catch (const ImageError& error) {
      throw Refusal(400, error.what());
    }
  }

  const Site& site_;
  std::mutex decoding_;
};

// The texts that trainers put into a model file. Reads its header only.
Response view_metadata(const Site& site, const Request& request) {
  const std::string name = request.parameter("filename").value_or("");
  const std::optional<fs::path> path = find_model(site.folders, request.captures.at(0), name);
  if (!path || path->extension() != ".safetensors") throw Refusal(404, "there is no .safetensors file of that name");
  const Json metadata = safetensors_metadata(*path, kMaxShownHeader);
  if (metadata.is_null()) throw Refusal(404, "the file has no metadata, or its header is larger than 1 MiB");
  return json_response(metadata);
}

// Names of the files in a folder, the newest first.
Response files_of(const Site& site, const Request& request) {
  const fs::path* folder = folder_of(site.folders, request.captures.at(0));
  if (folder == nullptr) return json_response({{"error", "Invalid directory type"}}, 400);
  std::vector<ListedFile> files = list_files(*folder, Depth::kFolder);
  std::erase_if(files, [](const ListedFile& file) { return is_hidden(file.name); });
  std::stable_sort(files.begin(), files.end(),
                   [](const ListedFile& a, const ListedFile& b) { return a.modified > b.modified; });
  Json names = Json::array();
  for (const ListedFile& file : files) names.push_back(file.name);
  return json_response(names);
}

}  // namespace

void add_comfy_file_routes(Routes& routes, Site& site) {
  const auto viewer = std::make_shared<Viewer>(site);
  routes.add_both("GET", "/view", answering_refusals([viewer](const Request& r) { return viewer->view(r); }));
  routes.add_both("GET", "/view_metadata/{folder}",
                  answering_refusals([&site](const Request& r) { return view_metadata(site, r); }));
  routes.add("GET", "/internal/files/{type}",
             answering_refusals([&site](const Request& r) { return files_of(site, r); }));
  add_comfy_upload_routes(routes, site);
}

}  // namespace heddle::server
