// The content key of every step, before anything runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/check.h"
#include "engine/file_hashes.h"
#include "engine/key.h"

namespace heddle {

/// A file that a step reads.
struct UsedFile {
  int step = 0;
  std::string input, folder, name;
  Key hash;
};

struct ContentKeys {
  std::vector<Key> keys;        // one a step
  std::vector<UsedFile> files;  // in the order of the steps
};

/// A key covers: node and its version, `numerics`, the literals, the content of files, and the keys of what feeds the
/// step. It does not cover ids of steps, titles, the order of keys in JSON, names of files, or undeclared inputs.
/// Throws std::runtime_error if a file cannot be read. REQUIRES: checked.problems is empty.
ContentKeys content_keys(const CheckedGraph& checked, const std::string& numerics, const Folders& folders,
                         FileHashes& hashes);

}  // namespace heddle
