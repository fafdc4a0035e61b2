// Files that are whole or not there: a reader, a crash or a full disk never sees half of one. A
// process that is killed while it writes may leave a hidden file `.heddle-PID-N.tmp` beside the
// target; nothing ever reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace heddle {

/// Writes `bytes` to a temporary beside `path`, flushes it to the disk, and renames it over `path`
/// (a symbolic link is replaced, not followed). The folder must exist. On failure nothing is left
/// behind and std::runtime_error names the file and the reason ("No space left on device").
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// As above, but never replaces: false if `path` exists already. Two processes that race get one
/// true.
bool write_new_file(const std::filesystem::path& path, std::string_view bytes);

/// Gives a file its bytes by calling `append` as often as it likes, so that a file may be larger than the memory.
using AppendBytes = std::function<void(std::string_view bytes)>;
using FileContent = std::function<void(const AppendBytes& append)>;

/// Told what a file holds when it is whole and on the disk, before it gets its name.
using BeforeNaming = std::function<void(const std::string& sha256, uint64_t bytes)>;

/// As above, piece by piece. What `content` and `before_naming` throw passes through, and leaves nothing behind either.
bool write_new_file(const std::filesystem::path& path, const FileContent& content,
                    const BeforeNaming& before_naming = nullptr);

/// Removes the hidden files that killed processes have left in a folder and those below it; what a process that lives may
/// still be writing stays. Gives how many went.
int remove_leftovers(const std::filesystem::path& folder);

/// The whole file. Throws std::runtime_error that names it and the reason.
std::string read_file(const std::filesystem::path& path);

}  // namespace heddle
