// Model files as AUTOMATIC1111's pictures name them: by name without extension, and by the beginning of a hash.
#pragma once

#include <string>

#include "engine/file_hashes.h"
#include "engine/folders.h"

namespace heddle {

struct NamedModel {
  std::string name;  // as in the text, or ""
  std::string hash;  // the first digits of the file's SHA-256, or the 8 of the older kind; or ""
};

struct FoundModel {
  std::string file;     // of the folder, or "" if none was found
  std::string warning;  // "" if there is nothing to say
};

/// By name; where that fits no file or several, by hash. Says so where the hash of a file tells that it is another one.
/// Hashes only what it must.
FoundModel find_a1111_model(const std::string& folder, const NamedModel& wanted, const Folders& folders,
                            FileHashes& hashes);

}  // namespace heddle
