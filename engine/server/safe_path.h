// Names that come from outside, resolved inside a folder or refused. Every file that a request names goes through here.
// The check is of the moment: it keeps out what a name can say, not somebody who can change the folder meanwhile.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace heddle::server {

/// `root` / `name`, if that stays inside `root`: the file need not exist. `name` is relative, in UTF-8, its parts
/// separated by '/'; none of them is empty, ".", ".." or hidden, or has a backslash, a control character or a character
/// that looks like '/' or '.'. A symbolic link on the way must lead to something inside the folder. Nothing otherwise,
/// and nothing for an empty name.
std::optional<std::filesystem::path> inside(const std::filesystem::path& root, std::string_view name);

/// The part of the check that looks at the text alone: may `name` be the path of a file below a folder?
bool is_safe_name(std::string_view name);

}  // namespace heddle::server
