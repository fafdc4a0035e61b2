// A Site of fakes, and requests without sockets: what tests of ComfyUI's routes need that run no jobs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/server/log_book.h"
#include "engine/server/site.h"
#include "tests/engine/fake_nodes.h"

namespace heddle::server::test {

using heddle::test::FakeBackend;
using heddle::test::TemporaryFolder;
using heddle::test::write_text;

/// Stands where a part is bound and never used.
template <class T>
T& never_used() {
  alignas(64) static char storage[64];
  return *reinterpret_cast<T*>(storage);
}

/// Folders below a temporary one, nodes without tensors, and ComfyUI's routes that need no jobs.
class ComfySite {
 public:
  ComfySite() {
    for (const char* name : {"input", "output", "temp"}) std::filesystem::create_directories(folder / name);
    site.folders.input = folder / "input";
    site.folders.output = folder / "output";
    site.folders.temp = folder / "temp";
    site.folders.user = folder / "user";
    site.folders.add_model_root(folder / "models");
    add_comfy_file_routes(routes, site);
    add_comfy_info_routes(routes, site);
    add_comfy_user_routes(routes, site);
    add_comfy_log_routes(routes, site);
  }

  /// The answer to a request; `target` has the query with it. 404 and 405 as a server gives them.
  Response send(const std::string& method, const std::string& target, std::string body = "", Fields headers = {}) {
    Request request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    if (const size_t mark = target.find('?'); mark != std::string::npos) {
      request.query = parse_query(target.substr(mark + 1));
    }
    request.headers = std::move(headers);
    request.body = std::move(body);
    std::string allowed;
    const Route* route = routes.find(method, request.path, request.captures, allowed);
    if (route == nullptr) return text_response("no route", allowed.empty() ? 404 : 405);
    Response answer;
    route->handler(request, [&](Response response) { answer = std::move(response); });
    return answer;
  }
  Response get(const std::string& target) { return send("GET", target); }
  Response post(const std::string& target, std::string body) { return send("POST", target, std::move(body)); }
  /// The body of a good answer, as JSON.
  Json json(const std::string& target) {
    const Response response = get(target);
    EXPECT_EQ(response.status, 200) << target << ": " << response.body;
    return response.status == 200 ? parse_json(response.body) : Json();
  }

  /// Fields and a file as multipart/form-data.
  Response upload(const std::string& path, const std::string& filename, const std::string& bytes,
                  const Fields& fields) {
    std::string body;
    for (const auto& [name, value] : fields) {
      body += "--xYz\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }
    body += "--xYz\r\nContent-Disposition: form-data; name=\"image\"; filename=\"" + filename +
            "\"\r\nContent-Type: image/png\r\n\r\n" + bytes + "\r\n--xYz--\r\n";
    return send("POST", path, body, {{"content-type", "multipart/form-data; boundary=xYz"}});
  }

  TemporaryFolder folder;
  Registry registry = heddle::test::fake_registry();
  FakeBackend backend;
  LogBook log;
  Millis now = 1'700'000'000'000;
  Site site{.registry = registry,
            .backend = backend,
            .folders = {},
            .data = folder.path(),
            .jobs = never_used<JobService>(),
            .store = never_used<JobStore>(),
            .sockets = never_used<SocketHub>(),
            .log = log,
            .clock = [this] { return now; },
            .arguments = {"heddle", "serve"},
            .webhook_hosts = {}};
  Routes routes;
};

inline std::string header_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

/// Names that try to get out of a folder, as they stand behind decoding.
inline const std::vector<std::string>& names_that_lead_out() {
  static const std::vector<std::string> kNames{
      "..",
      "../secret.txt",
      "../../etc/passwd",
      "a/../../secret.txt",
      "/etc/passwd",
      "//etc/passwd",
      "./secret.txt",
      "a//b",
      "..\\secret.txt",
      "C:\\secret.txt",
      "..\xEF\xBC\x8Fsecret.txt",                // U+FF0F
      "\xEF\xBC\x8E\xEF\xBC\x8E/secret.txt",    // U+FF0E
      "\xE2\x80\xA5/secret.txt",                // U+2025
      "..\xE2\x88\x95secret.txt",               // U+2215
      "\xC0\xAE\xC0\xAE/secret.txt",            // an overlong ..
      "a\nb",
      "a\x01" "b",
      "a\x7F" "b",
      "a\xFF" "b",
      "out/secret.txt",  // through a link
      "link.txt",        // the link itself
  };
  return kNames;
}

/// Beside the folders of a site: a file that nobody may read or change, and links to it in `root`.
inline void plant_secret(const ComfySite& comfy, const std::filesystem::path& root) {
  write_text(comfy.folder / "secret.txt", "secret");
  std::filesystem::create_directories(root);
  std::filesystem::create_symlink(comfy.folder / "secret.txt", root / "link.txt");
  std::filesystem::create_directory_symlink(comfy.folder.path(), root / "out");
}

}  // namespace heddle::server::test
