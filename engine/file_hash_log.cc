#include "engine/file_hash_log.h"

#include <fcntl.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/atomic_file.h"
#include "engine/fd.h"

namespace heddle {
namespace {

// 20,000 lines are 3 MB. A file far beyond what shortening allows is not ours, or all damage.
constexpr size_t kMostLines = 20'000;
constexpr off_t kMostLogBytes = off_t{64} << 20;

std::string check_of(std::string_view line) {
  return std::to_string(XXH3_64bits(line.data(), line.size()));
}

std::string to_line(const FileHash& file) {
  const FileIdentity& id = file.identity;
  std::string line;
  for (const uint64_t number : {id.device, id.inode}) line += std::to_string(number) + ' ';
  for (const int64_t number : {id.size, id.mtime_ns, id.ctime_ns}) {
    line += std::to_string(number) + ' ';
  }
  line += file.hash.hex();
  return line + ' ' + check_of(line) + '\n';
}

// Takes the text up to the next `end` off the front.
std::string_view take(std::string_view& text, char end) {
  const size_t size = std::min(text.find(end), text.size());
  const std::string_view piece = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return piece;
}

template <typename T>
bool parse(std::string_view text, T& number, int base = 10) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc() && stop == end;
}

bool parse(std::string_view text, Key& key) {
  if (text.size() != 2 * key.bytes.size()) return false;
  for (size_t i = 0; i < key.bytes.size(); ++i) {
    if (!parse(text.substr(2 * i, 2), key.bytes[i], 16)) return false;
  }
  return true;
}

std::optional<FileHash> parse_line(std::string_view line) {
  const size_t last_space = std::min(line.rfind(' '), line.size());
  std::string_view rest = line.substr(0, last_space);
  if (line.substr(std::min(last_space + 1, line.size())) != check_of(rest)) return std::nullopt;
  FileHash file;
  FileIdentity& id = file.identity;
  for (uint64_t* number : {&id.device, &id.inode}) {
    if (!parse(take(rest, ' '), *number)) return std::nullopt;
  }
  for (int64_t* number : {&id.size, &id.mtime_ns, &id.ctime_ns}) {
    if (!parse(take(rest, ' '), *number)) return std::nullopt;
  }
  if (!parse(rest, file.hash)) return std::nullopt;
  return file;
}

// The newest line of every inode, oldest first, half of what may be kept.
std::vector<FileHash> shortened(const std::vector<FileHash>& files) {
  std::set<std::pair<uint64_t, uint64_t>> seen;
  std::vector<FileHash> kept;
  for (auto file = files.rbegin(); file != files.rend() && kept.size() < kMostLines / 2; ++file) {
    if (seen.emplace(file->identity.device, file->identity.inode).second) kept.push_back(*file);
  }
  std::ranges::reverse(kept);
  return kept;
}

}  // namespace

std::vector<FileHash> FileHashLog::read_if_changed() {
  struct stat status;
  if (::stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    throw std::system_error(errno, std::generic_category(), path_.string());
  }
  if (status.st_ino == seen_inode_ && status.st_size == seen_size_) return {};
  seen_inode_ = status.st_ino;
  seen_size_ = status.st_size;
  const std::string text = status.st_size > kMostLogBytes ? std::string() : read_file(path_);
  std::vector<FileHash> files;
  size_t lines = 0;
  for (std::string_view rest = text; !rest.empty(); ++lines) {
    if (const auto file = parse_line(take(rest, '\n'))) files.push_back(*file);
  }
  if (lines <= kMostLines && status.st_size <= kMostLogBytes) return files;
  files = shortened(files);
  std::string kept;
  for (const FileHash& file : files) kept += to_line(file);
  // What another process appends in between is lost, and costs it hashing a file again.
  write_file_atomically(path_, kept);
  return files;
}

void FileHashLog::append(const FileHash& file) {
  if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path());
  const Fd log(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!log) throw std::system_error(errno, std::generic_category(), path_.string());
  const std::string line = to_line(file);
  // One write, so that lines of several processes do not mix.
  const ssize_t written = ::write(log.get(), line.data(), line.size());
  if (written != ssize_t(line.size())) {
    const int error = written < 0 ? errno : ENOSPC;
    throw std::system_error(error, std::generic_category(), path_.string());
  }
  struct stat status;
  if (::fstat(log.get(), &status) != 0) return;
  const bool only_ours = seen_size_ + off_t(line.size()) == status.st_size &&
                         (seen_size_ == 0 || seen_inode_ == status.st_ino);
  if (!only_ours) return;  // the next read takes in what others appended
  seen_inode_ = status.st_ino;
  seen_size_ = status.st_size;
}

}  // namespace heddle
