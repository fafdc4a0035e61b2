// The web editor, as it is built into the program.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/server/http.h"

namespace heddle::server {

struct EmbeddedFile {
  std::string_view path;  // "index.html", "assets/app-1a2b3c.js"
  std::string_view bytes;
};
/// Of web/dist when the program was built; none if it was built without. Made by cmake/heddle.cmake.
std::span<const EmbeddedFile> embedded_editor();

/// Serves `files` as a site: "/" is index.html, an unknown path 404. Names with a hash in them may be kept for ever, others are
/// asked for again and answered 304 while they have not changed. REQUIRES: the files outlive the handler.
Handler editor_files(std::span<const EmbeddedFile> files);

}  // namespace heddle::server
