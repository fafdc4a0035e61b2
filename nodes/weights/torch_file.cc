// Files of torch.save as a TensorFile; see torch_layout.h for what is in them.
#include <ATen/ATen.h>

#include <cstring>
#include <mutex>

#include "nodes/weights/tensor_readers.h"
#include "nodes/weights/torch_layout.h"

namespace heddle::weights {
namespace {

// Bytes of a storage, and what keeps them alive.
struct StorageBytes {
  std::shared_ptr<const void> owner;
  char* data = nullptr;
};

class TorchFile final : public TensorFile {
 public:
  TorchFile(const std::filesystem::path& path, std::shared_ptr<const FileMapping> mapping)
      : mapping_(std::move(mapping)) {
    path_ = path;
    bytes_ = mapping_->size();
    layout_ = read_torch_layout(mapping_->bytes(), name());
    inflated_.resize(layout_.storages.size());
    metadata_ = std::move(layout_.pickled.metadata);
    names_ = std::move(layout_.pickled.order);
    for (const auto& [tensor, described] : layout_.pickled.tensors) {
      tensors_.emplace(tensor, info_of(described));
    }
  }

  at::Tensor tensor(const std::string& name) const override {
    const TensorInfo& info = TensorFile::info_of(name);
    check_unchanged();
    const TorchTensor& described = layout_.pickled.tensors.at(name);
    if (described.extent == 0) return at::empty(info.shape, info.type);
    const uint64_t width = dtype_bytes(info.type);
    StorageBytes bytes = bytes_of(described.storage);
    bytes.data += described.offset * width;
    if (reinterpret_cast<uintptr_t>(bytes.data) % width != 0) {
      const at::Tensor copy = at::empty({int64_t(described.extent)}, info.type);
      std::memcpy(copy.data_ptr(), bytes.data, described.extent * width);
      return copy.as_strided(info.shape, described.strides).contiguous();
    }
    return at::from_blob(
               bytes.data, info.shape, described.strides, [owner = bytes.owner](void*) {},
               info.type)
        .contiguous();
  }

  void check_unchanged() const override { mapping_->check_unchanged(); }

 private:
  TensorInfo info_of(const TorchTensor& described) const {
    TensorInfo info{described.type, described.shape};
    const TorchStorage& storage = layout_.storages[described.storage];
    if (storage.deflated || described.extent == 0) return info;
    const uint64_t width = dtype_bytes(described.type);
    info.begin = size_t(storage.begin + described.offset * width);
    info.end = size_t(info.begin + described.extent * width);
    return info;
  }

  // A compressed storage is unpacked when it is wanted, and once for all who hold it.
  StorageBytes bytes_of(size_t index) const {
    const TorchStorage& storage = layout_.storages[index];
    if (!storage.deflated) {
      std::shared_ptr<char> bytes = lend(mapping_, storage.begin, storage.bytes);
      char* data = bytes.get();
      return {std::move(bytes), data};
    }
    const std::lock_guard lock(mutex_);
    std::shared_ptr<char[]> bytes = inflated_[index].lock();
    if (!bytes) {
      bytes = std::make_shared<char[]>(storage.bytes);
      ZipArchive(mapping_->bytes(), name()).inflate(*storage.deflated, bytes.get());
      inflated_[index] = bytes;
    }
    return {bytes, bytes.get()};
  }

  std::shared_ptr<const FileMapping> mapping_;
  TorchLayout layout_;
  mutable std::mutex mutex_;
  mutable std::vector<std::weak_ptr<char[]>> inflated_;  // by storage; under mutex_
};

}  // namespace

std::shared_ptr<const TensorFile> read_torch_file(const std::filesystem::path& path,
                                                  std::shared_ptr<const FileMapping> mapping) {
  return std::make_shared<const TorchFile>(path, std::move(mapping));
}

}  // namespace heddle::weights
