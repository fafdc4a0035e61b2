#include "nodes/a1111_models.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace heddle {
namespace {

namespace fs = std::filesystem;

constexpr size_t kOldHashDigits = 8;

// The older hash: SHA-256 of 64 KiB that lie 1 MiB into the file.
std::string old_hash(const fs::path& file) {
  constexpr std::streamoff kBegin = 0x100000;
  std::string piece(0x10000, '\0');
  std::ifstream in(file, std::ios::binary);
  in.seekg(kBegin);
  in.read(piece.data(), std::streamsize(piece.size()));
  Hasher hasher;
  hasher.add_raw(piece.data(), size_t(std::max<std::streamsize>(in.gcount(), 0)));
  return hasher.finish().hex().substr(0, kOldHashDigits);
}

// A checkpoint's name there has no commas and colons, since the text separates by them.
std::string comparable(std::string name) {
  std::erase_if(name, [](char c) { return c == ',' || c == ':'; });
  return name;
}

bool is_named(const std::string& file, const std::string& name) {
  const fs::path path(file);
  for (const std::string& candidate :
       {file, path.filename().string(), path.stem().string(), (path.parent_path() / path.stem()).generic_string()}) {
    if (comparable(candidate) == comparable(name)) return true;
  }
  return false;
}

std::string join(const std::vector<std::string>& files) {
  constexpr size_t kMost = 10;
  std::string text;
  for (size_t i = 0; i < std::min(files.size(), kMost); ++i) text += (i > 0 ? ", " : "") + files[i];
  return files.size() > kMost ? text + ", ..." : text;
}

class Search {
 public:
  Search(const std::string& folder, const NamedModel& wanted, const Folders& folders, FileHashes& hashes)
      : folder_(folder), wanted_(wanted), folders_(folders), hashes_(hashes), files_(folders.list(folder)) {}

  FoundModel run() {
    std::vector<std::string> named;
    for (const std::string& file : files_) {
      if (!wanted_.name.empty() && is_named(file, wanted_.name)) named.push_back(file);
    }
    if (named.size() == 1) return check(named[0]);
    const std::vector<std::string>& candidates = named.empty() ? files_ : named;
    const auto same =
        std::find_if(candidates.begin(), candidates.end(), [&](const auto& file) { return has_hash(file); });
    if (same != candidates.end()) return {*same, ""};
    if (!named.empty()) {
      return {named[0], described() + " fits several files (" + join(named) + "); the first is taken"};
    }
    return {"",
            "no file in " + folder_ + " is " + described() + "; there is " + (files_.empty() ? "none" : join(files_))};
  }

 private:
  FoundModel check(const std::string& file) {
    if (wanted_.hash.empty() || has_hash(file)) return {file, ""};
    return {file,
            file + " is not the file that the picture was made with: its hash does not begin with " + wanted_.hash};
  }

  bool has_hash(const std::string& file) {
    if (wanted_.hash.size() < kOldHashDigits) return false;
    const auto path = folders_.find(folder_, file);
    if (!path) return false;
    if (wanted_.hash.size() == kOldHashDigits) return old_hash(*path) == wanted_.hash;
    try {
      return hashes_.hash(*path).hex().starts_with(wanted_.hash);
    } catch (const std::runtime_error&) {
      return false;  // unreadable: not the one
    }
  }

  std::string described() const {
    const std::string hash = wanted_.hash.empty() ? "" : "hash " + wanted_.hash;
    if (wanted_.name.empty()) return hash.empty() ? "named by the picture" : "of " + hash;
    return "\"" + wanted_.name + "\"" + (hash.empty() ? "" : " (" + hash + ")");
  }

  const std::string& folder_;
  const NamedModel& wanted_;
  const Folders& folders_;
  FileHashes& hashes_;
  std::vector<std::string> files_;
};

}  // namespace

FoundModel find_a1111_model(const std::string& folder, const NamedModel& wanted, const Folders& folders,
                            FileHashes& hashes) {
  return Search(folder, wanted, folders, hashes).run();
}

}  // namespace heddle
