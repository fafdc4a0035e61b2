#include "nodes/weights/safetensors.h"

#include <ATen/ATen.h>

#include <cstring>

#include "nodes/weights/tensor_readers.h"

namespace heddle::weights {
namespace {

class SafetensorsFile final : public TensorFile {
 public:
  SafetensorsFile(const std::filesystem::path& path, std::shared_ptr<const FileMapping> mapping)
      : mapping_(std::move(mapping)) {
    path_ = path;
    bytes_ = mapping_->size();
    SafetensorsHeader header = parse_safetensors_header(mapping_->bytes(), bytes_, name());
    tensors_ = std::move(header.tensors);
    metadata_ = std::move(header.metadata);
    for (const auto& [tensor, info] : tensors_) names_.push_back(tensor);
  }

  at::Tensor tensor(const std::string& name) const override {
    const TensorInfo& info = info_of(name);
    check_unchanged();
    if (info.begin == info.end) return at::empty(info.shape, info.type);
    const std::shared_ptr<char> data = lend(mapping_, info.begin, info.end - info.begin);
    if (reinterpret_cast<uintptr_t>(data.get()) % c10::elementSize(info.type) != 0) {
      at::Tensor copy = at::empty(info.shape, info.type);
      std::memcpy(copy.data_ptr(), data.get(), info.end - info.begin);
      return copy;
    }
    return at::from_blob(
        data.get(), info.shape, [data](void*) {}, info.type);
  }

  void check_unchanged() const override { mapping_->check_unchanged(); }

 private:
  std::shared_ptr<const FileMapping> mapping_;
};

}  // namespace

const TensorInfo& TensorFile::info_of(const std::string& tensor) const {
  const auto found = tensors_.find(tensor);
  if (found != tensors_.end()) return found->second;
  throw FileError(name() + ": there is no tensor " + in_quotes(tensor));
}

std::shared_ptr<const TensorFile> TensorFile::open(const std::filesystem::path& path) {
  auto mapping = std::make_shared<const FileMapping>(path);
  if (is_torch_file(mapping->bytes())) return read_torch_file(path, std::move(mapping));
  return std::make_shared<const SafetensorsFile>(path, std::move(mapping));
}

}  // namespace heddle::weights
