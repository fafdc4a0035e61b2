#include "engine/server/comfy_userdata.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "engine/ascii.h"
#include "engine/atomic_file.h"
#include "engine/server/content_type.h"
#include "engine/server/listing.h"
#include "engine/server/refusal.h"
#include "engine/server/safe_path.h"

namespace heddle::server {
namespace fs = std::filesystem;
namespace {

// Where a file of the user is, and its name as answers give it.
struct UserFile {
  fs::path path;
  std::string name;
};

// Clients that encode a name twice are understood as well. A '%' that is part of the name stays.
std::string decoded_again(const std::string& name) {
  return name.find('%') == std::string::npos ? name : percent_decoded(name).value_or(name);
}

Json file_info(const ListedFile& file) {
  return {{"path", file.name}, {"size", file.size}, {"modified", file.modified}, {"created", file.created}};
}

// "a/b.json" -> ["a/b.json", "a", "b.json"]
Json split(const std::string& name) {
  Json parts = Json::array({name});
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Json listed(const ListedFile& file, const Request& request) {
  if (is_set(request, "full_info")) return file_info(file);
  if (is_set(request, "split")) return split(file.name);
  return file.name;
}

// Folders first, then by name. `above`: the folder that is listed, with a slash, as paths count from the user's.
Json tree_of(const std::vector<ListedFile>& files, const std::string& above) {
  std::vector<std::pair<std::string, Json>> folders, others;
  for (const ListedFile& file : files) {
    const std::string name = file.name.substr(file.name.rfind('/') + 1);
    Json entry = {{"name", name}, {"path", above + file.name}, {"type", file.is_folder ? "directory" : "file"}};
    if (!file.is_folder) entry.update({{"size", file.size}, {"modified", file.modified}});
    (file.is_folder ? folders : others).emplace_back(lower(name), std::move(entry));
  }
  Json tree = Json::array();
  for (auto* group : {&folders, &others}) {
    std::stable_sort(group->begin(), group->end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [name, entry] : *group) tree.push_back(std::move(entry));
  }
  return tree;
}

Response answer_about(const UserFile& file, const Request& request) {
  if (!is_set(request, "full_info")) return json_response(file.name);
  const std::optional<ListedFile> about = about_file(file.path, file.name);
  if (!about) throw Refusal(404, "the file has just been removed");
  return json_response(file_info(*about));
}

class UserData {
 public:
  explicit UserData(fs::path folder) : folder_(std::move(folder)) {}

  Response list(const Request& request) const {
    const std::string folder = request.parameter("dir").value_or("");
    if (folder.empty()) throw Refusal(400, "Directory not provided");
    const fs::path path = folder_at(folder);
    if (!fs::is_directory(path)) throw Refusal(404, "Directory not found");
    const Depth depth = is_set(request, "recurse") ? Depth::kTree : Depth::kFolder;
    Json names = Json::array();
    for (const ListedFile& file : list_files(path, depth)) {
      if (!file.is_folder && !is_hidden(file.name)) names.push_back(listed(file, request));
    }
    return json_response(names);
  }

  Response list_tree(const Request& request) const {
    if (!fs::exists(folder_)) return json_response(Json::array());
    const std::string folder = decoded_again(request.parameter("path").value_or("."));
    const fs::path path = folder_at(folder);
    if (!fs::exists(path)) throw Refusal(404, "there is no folder \"" + folder + "\"");
    if (!fs::is_directory(path)) throw Refusal(400, "\"" + folder + "\" is not a folder");
    const std::string above = path == folder_ ? "" : path.lexically_relative(folder_).generic_string() + "/";
    return json_response(tree_of(list_files(path, Depth::kTree), above));
  }

  Response get(const Request& request) const {
    const UserFile file = existing(request.captures.at(0));
    Response response;
    response.type = content_type_of(file.path);
    // The frontend links user.css as a style sheet; anything else that a browser would run is a download.
    const bool is_download = is_active_content(response.type) && response.type != "text/css";
    if (is_download) {
      response.type = "application/octet-stream";
      response.headers.emplace_back("Content-Disposition", "attachment; " + named_file(file.path.filename().string()));
    }
    response.file = file.path;
    return response;
  }

  Response save(const Request& request) {
    const UserFile file = named(request.captures.at(0));
    const std::lock_guard lock(changing_);
    make_room(file, request);
    if (!is_unset(request, "overwrite")) {
      write_file_atomically(file.path, request.body);
    } else if (!write_new_file(file.path, request.body)) {
      throw Refusal(409, "File already exists");
    }
    return answer_about(file, request);
  }

  Response remove(const Request& request) {
    const std::lock_guard lock(changing_);
    fs::remove(existing(request.captures.at(0)).path);
    return empty_response(204);
  }

  Response move(const Request& request) {
    const std::lock_guard lock(changing_);
    const UserFile from = existing(request.captures.at(0));
    const UserFile to = named(request.captures.at(1));
    make_room(to, request);
    fs::rename(from.path, to.path);
    return answer_about(to, request);
  }

 private:
  UserFile named(const std::string& capture) const {
    std::string name = decoded_again(capture);
    const std::optional<fs::path> path = inside(folder_, name, Hidden::kAllowed);
    if (!path) throw Refusal(403, "the name leads out of the user's folder, or cannot be the name of a file");
    return {*path, std::move(name)};
  }

  UserFile existing(const std::string& capture) const {
    UserFile file = named(capture);
    if (!fs::is_regular_file(file.path)) throw Refusal(404, "there is no file \"" + file.name + "\"");
    return file;
  }

  // "" and "." are the user's folder itself.
  fs::path folder_at(std::string name) const {
    if (name.empty() || name == "." || name == "./") return folder_;
    if (name.ends_with('/')) name.pop_back();
    const std::optional<fs::path> path = inside(folder_, name, Hidden::kAllowed);
    if (!path) throw Refusal(403, "the folder lies outside of the user's");
    return *path;
  }

  // The folder of a file to come, and its name free or its content given up.
  static void make_room(const UserFile& file, const Request& request) {
    if (fs::is_directory(file.path)) throw Refusal(409, "\"" + file.name + "\" is a folder");
    if (is_unset(request, "overwrite") && fs::exists(file.path)) throw Refusal(409, "File already exists");
    fs::create_directories(file.path.parent_path());
  }

  fs::path folder_;
  std::mutex changing_;  // between the look for a file and the change
};

}  // namespace

void add_comfy_userdata_routes(Routes& routes, fs::path folder) {
  const auto data = std::make_shared<UserData>(std::move(folder));
  const auto handler = [data](auto method) {
    return answering_refusals([data, method](const Request& request) { return ((*data).*method)(request); });
  };
  routes.add_both("GET", "/userdata", handler(&UserData::list));
  routes.add_both("GET", "/v2/userdata", handler(&UserData::list_tree));
  routes.add_both("GET", "/userdata/{file}", handler(&UserData::get));
  routes.add_both("POST", "/userdata/{file}", handler(&UserData::save));
  routes.add_both("DELETE", "/userdata/{file}", handler(&UserData::remove));
  routes.add_both("POST", "/userdata/{file}/move/{dest}", handler(&UserData::move));
}

}  // namespace heddle::server
