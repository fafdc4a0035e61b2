// What a file is said to be when it is sent, by the extension of its name, and how it is named for saving.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace heddle::server {

/// The media type for a name's extension, whatever its case; "application/octet-stream" for one that is not known.
std::string_view content_type_of(const std::filesystem::path& file);

/// The same with the charset of text: for files of a web site, which are UTF-8.
std::string site_type_of(const std::filesystem::path& file);

/// Whether a browser that opens a file of this type may run what is in it, as a page of this server: pages, drawings,
/// style sheets, scripts.
bool is_active_content(std::string_view type);

/// The value of Content-Disposition that names a file, as `filename="cat (1).png"`. A name that is not plain ASCII is
/// given a second time in the form of RFC 8187.
std::string named_file(const std::string& name);

}  // namespace heddle::server
