// Several files of tensors as one: the shards of a large model, the parts of a model in a folder.
#pragma once

#include <vector>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {

struct FileUnderPrefix {
  std::string prefix;  // put in front of the names of its tensors
  std::shared_ptr<const TensorFile> file;
};

/// `path` is what messages call the whole. Throws FileError if two files have a tensor of one name.
std::shared_ptr<const TensorFile> join_files(std::filesystem::path path,
                                             std::vector<FileUnderPrefix> files);

/// The shards that an index (model.safetensors.index.json) names. Throws FileError that names the
/// index and the shard if one is missing or outside of its folder, and for an index that is none.
std::vector<std::filesystem::path> shards_of(const std::filesystem::path& index);

/// A model in shards, by its index. Throws FileError as shards_of, and if a tensor of the index is
/// in no shard.
std::shared_ptr<const TensorFile> open_sharded(const std::filesystem::path& index);

}  // namespace heddle::weights
