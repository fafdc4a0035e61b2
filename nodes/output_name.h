// Names of saved files, as ComfyUI gives them: PREFIX_00001_.png, counting up.
#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "engine/atomic_file.h"
#include "engine/run_context.h"

namespace heddle {

struct SavedFile {
  std::filesystem::path path;
  std::string filename, subfolder;
};

/// What a prefix's words stand for.
struct NameFacts {
  int64_t width = 0, height = 0;  // of the picture, for %width% and %height%
  std::time_t now = 0;            // for %year% %month% %day% %hour% %minute% %second%
  int64_t batch_number = 0;       // for %batch_num%
};

/// Writes `bytes` under the next free number in `root`/PREFIX; never replaces a file, also when processes race.
/// Throws std::runtime_error if the prefix leaves `root`, or the file cannot be written.
SavedFile save_numbered(const std::filesystem::path& root, const std::string& prefix, std::string_view extension,
                        const NameFacts& facts, std::string_view bytes, RunContext& context);
/// The same for a file that is made piece by piece; `content` starts over if another process took the number meanwhile.
SavedFile save_numbered(const std::filesystem::path& root, const std::string& prefix, std::string_view extension,
                        const NameFacts& facts, const FileContent& content, RunContext& context);

}  // namespace heddle
