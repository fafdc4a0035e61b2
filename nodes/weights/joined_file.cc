#include "nodes/weights/joined_file.h"

#include <ATen/core/Tensor.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace heddle::weights {
namespace {

class JoinedFile final : public TensorFile {
 public:
  JoinedFile(std::filesystem::path path, std::vector<FileUnderPrefix> files)
      : files_(std::move(files)) {
    path_ = std::move(path);
    for (size_t i = 0; i < files_.size(); ++i) add(i);
  }

  at::Tensor tensor(const std::string& name) const override {
    const auto found = owners_.find(name);
    if (found == owners_.end()) {
      throw FileError(this->name() + ": there is no tensor " + in_quotes(name));
    }
    const FileUnderPrefix& owner = files_[found->second];
    return owner.file->tensor(name.substr(owner.prefix.size()));
  }

  void check_unchanged() const override {
    for (const FileUnderPrefix& part : files_) part.file->check_unchanged();
  }

 private:
  void add(size_t i) {
    const FileUnderPrefix& part = files_[i];
    bytes_ += part.file->bytes();
    for (const auto& [key, info] : part.file->tensors()) {
      const std::string name = part.prefix + key;
      const auto [at, is_new] = owners_.emplace(name, i);
      if (!is_new) {
        throw FileError(this->name() + ": tensor " + in_quotes(name) + " is in both " +
                        files_[at->second].file->name() + " and " + part.file->name());
      }
      tensors_.emplace(name, info);
    }
    for (const auto& [key, text] : part.file->metadata()) metadata_.emplace(key, text);
  }

  std::vector<FileUnderPrefix> files_;
  std::map<std::string, size_t> owners_;  // tensor -> which file has it
};

using WeightMap = std::map<std::string, std::string>;  // tensor -> shard

WeightMap read_index(const std::filesystem::path& index) {
  constexpr uintmax_t kLargest = uintmax_t{64} << 20;
  constexpr int kDeepest = 8;
  const std::string name = index.filename().string();
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(index, error);
  if (error || size > kLargest) throw FileError(name + ": this is no index of shards");
  std::ifstream in(index, std::ios::binary);
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    return depth <= kDeepest;
  };
  try {
    return nlohmann::json::parse(in, shallow).at("weight_map").get<WeightMap>();
  } catch (const nlohmann::json::exception&) {
    throw FileError(name + ": this is no index of shards; expected {\"weight_map\": {tensor: file}}");
  }
}

std::filesystem::path find_shard(const std::filesystem::path& index, const std::string& shard) {
  const std::string name = index.filename().string();
  const bool is_plain = !shard.empty() && shard.find('/') == std::string::npos &&
                        shard.find('\0') == std::string::npos && shard != "..";
  if (!is_plain) {
    throw FileError(name + ": shard " + in_quotes(shard) + " is not in the folder of the index");
  }
  const std::filesystem::path path = index.parent_path() / shard;
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return path;
  throw FileError(name + ": shard " + in_quotes(shard) + " is missing; fetch it again");
}

std::vector<std::filesystem::path> find_shards(const std::filesystem::path& index,
                                               const WeightMap& weights) {
  std::set<std::string> names;
  for (const auto& [tensor, shard] : weights) names.insert(shard);
  std::vector<std::filesystem::path> shards;
  for (const std::string& name : names) shards.push_back(find_shard(index, name));
  return shards;
}

}  // namespace

std::shared_ptr<const TensorFile> join_files(std::filesystem::path path,
                                             std::vector<FileUnderPrefix> files) {
  return std::make_shared<const JoinedFile>(std::move(path), std::move(files));
}

std::vector<std::filesystem::path> shards_of(const std::filesystem::path& index) {
  return find_shards(index, read_index(index));
}

std::shared_ptr<const TensorFile> open_sharded(const std::filesystem::path& index) {
  const WeightMap weights = read_index(index);
  std::vector<FileUnderPrefix> files;
  for (const auto& shard : find_shards(index, weights)) {
    files.push_back({"", TensorFile::open(shard)});
  }
  auto joined = join_files(index, std::move(files));
  for (const auto& [tensor, shard] : weights) {
    if (joined->tensors().contains(tensor)) continue;
    throw FileError(joined->name() + ": tensor " + in_quotes(tensor) + " is not in shard " +
                    in_quotes(shard) + "; fetch it again");
  }
  return joined;
}

}  // namespace heddle::weights
