// What another program wrote into its pictures, made into a graph. The engine finds the text; what it means is known to
// those who know the nodes, and comes in by Registry::add_picture_text().
#pragma once

#include <functional>
#include <string>

#include "engine/json.h"
#include "engine/problem.h"

namespace heddle {

class FileHashes;
struct Folders;

struct ForeignGraph {
  Json api;           // in API format
  Problems problems;  // warnings: what could not be carried over. Others: why there is no graph
};

/// Never throws for bad content. `folders` and `hashes` are for finding the model files that the text names.
using ReadPictureText =
    std::function<ForeignGraph(const std::string& text, const Folders& folders, FileHashes& hashes)>;

}  // namespace heddle
