#include "engine/server/file_answer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "engine/server/response_head.h"

namespace heddle::server {
namespace {

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return is_number ? std::optional(value) : std::nullopt;
}

std::string hex(uint64_t value) {
  char text[16];
  return {text, std::to_chars(text, text + sizeof text, value, 16).ptr};
}

// Where the file is written anew within the second and keeps its size, its nanoseconds tell.
FileState state_of(const struct stat& status) {
  const auto nanoseconds = static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
  return {static_cast<uint64_t>(status.st_size), status.st_mtim.tv_sec,
          "\"" + hex(nanoseconds) + "-" + hex(static_cast<uint64_t>(status.st_size)) + "\""};
}

bool lists_tag(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item = item.substr(0, item.find_last_not_of(" \t") + 1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == "*" || item == tag) return true;
  }
  return false;
}

// If-Range: a part is wanted of this very state, else the whole.
bool range_counts(const Request& request, const FileState& state) {
  const std::string_view condition = request.header("if-range");
  return condition.empty() || condition == state.tag || condition == http_date(state.changed);
}

std::optional<FileBytes> not_found(Response& response) {
  response.status = 404;
  response.type = "text/plain; charset=utf-8";
  response.body = "404: Not Found";
  return std::nullopt;
}

std::optional<FileBytes> not_satisfiable(Response& response, const FileState& state) {
  response.status = 416;
  response.type = "text/plain; charset=utf-8";
  response.body = "416: the file has " + std::to_string(state.size) + " bytes";
  response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(state.size));
  return std::nullopt;
}

// O_NONBLOCK: opening a pipe must not wait for somebody who writes to it.
Fd open_plain(const std::filesystem::path& path, struct stat& status) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return Fd();
  return file;
}

}  // namespace

RangeChoice choose_range(std::string_view range, uint64_t file_size) {
  if (!range.starts_with("bytes=") || range.find(',') != std::string_view::npos) return {};
  range.remove_prefix(6);
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = number(range.substr(0, dash)), last = number(range.substr(dash + 1));
  const bool to_the_end = dash + 1 == range.size();
  if (dash == 0) {  // the last so many
    if (!last) return {};
    if (*last == 0 || file_size == 0) return {RangeChoice::kNone, 0, 0};
    const uint64_t size = std::min(*last, file_size);
    return {RangeChoice::kPart, file_size - size, size};
  }
  if (!first || (!last && !to_the_end) || (last && *last < *first)) return {};
  if (*first >= file_size) return {RangeChoice::kNone, 0, 0};
  const uint64_t end = to_the_end ? file_size : std::min(*last, file_size - 1) + 1;
  return {RangeChoice::kPart, *first, end - *first};
}

bool client_has(const Request& request, const FileState& state) {
  const std::string_view tags = request.header("if-none-match");
  if (!tags.empty()) return lists_tag(tags, state.tag);
  const auto since = parse_http_date(request.header("if-modified-since"));
  return since && state.changed <= *since;
}

std::optional<FileBytes> open_file_answer(const Request& request, Response& response) {
  struct stat status {};
  FileBytes bytes{open_plain(*response.file, status), 0, 0};
  if (!bytes.file) return not_found(response);
  const FileState state = state_of(status);
  response.headers.emplace_back("ETag", state.tag);
  response.headers.emplace_back("Last-Modified", http_date(state.changed));
  response.headers.emplace_back("Accept-Ranges", "bytes");
  bytes.left = state.size;
  if (response.status != 200) return bytes;
  if (client_has(request, state)) {
    response.status = 304;
    return std::nullopt;
  }
  const RangeChoice range = range_counts(request, state) ? choose_range(request.header("range"), state.size) : RangeChoice{};
  if (range.kind == RangeChoice::kNone) return not_satisfiable(response, state);
  if (range.kind == RangeChoice::kWhole) return bytes;
  response.status = 206;
  response.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.at) + "-" +
                                                     std::to_string(range.at + range.size - 1) + "/" +
                                                     std::to_string(state.size));
  bytes.at = range.at;
  bytes.left = range.size;
  return bytes;
}

bool read_piece(FileBytes& bytes, size_t most, std::string& piece) {
  piece.resize(static_cast<size_t>(std::min<uint64_t>(most, bytes.left)));
  size_t done = 0;
  while (done < piece.size()) {
    const ssize_t got = ::pread(bytes.file.get(), piece.data() + done, piece.size() - done, static_cast<off_t>(bytes.at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
    bytes.at += static_cast<uint64_t>(got);
  }
  bytes.left -= done;
  return true;
}

}  // namespace heddle::server
