#include "nodes/weights/safetensors.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace heddle::weights {
namespace {

struct stat status_of(int descriptor, const std::string& name) {
  struct stat status;
  if (fstat(descriptor, &status) == 0) return status;
  throw FileError(name + ": cannot be examined: " + std::strerror(errno));
}

// A file in memory, read-only. Shared by the TensorFile and every tensor that looks into it.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& path) : name_(path.filename().string()) {
    // O_NONBLOCK: a named pipe in the models folder must not stop the program.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0) {
      throw FileError(path.string() + ": cannot be opened: " + std::strerror(errno));
    }
    try {
      map();
    } catch (const FileError&) {
      ::close(descriptor_);
      throw;
    }
  }
  ~Mapping() {
    if (data_) ::munmap(data_, bytes());
    ::close(descriptor_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* data() const { return static_cast<char*>(data_); }
  size_t bytes() const { return size_t(opened_.st_size); }

  void check_unchanged() const {
    const struct stat now = status_of(descriptor_, name_);
    if (now.st_size == opened_.st_size && now.st_mtim.tv_sec == opened_.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec) {
      return;
    }
    throw FileError(name_ + ": the file was changed while in use (" +
                    std::to_string(opened_.st_size) + " bytes then, " +
                    std::to_string(now.st_size) + " now); run again when it is complete");
  }

 private:
  void map() {
    opened_ = status_of(descriptor_, name_);
    if (!S_ISREG(opened_.st_mode)) throw FileError(name_ + ": this is no regular file");
    if (bytes() == 0) throw FileError(name_ + ": the file is empty; fetch it again");
    void* data = ::mmap(nullptr, bytes(), PROT_READ, MAP_PRIVATE, descriptor_, 0);
    if (data == MAP_FAILED) {
      throw FileError(name_ + ": cannot be mapped: " + std::strerror(errno));
    }
    data_ = data;
  }

  std::string name_;
  int descriptor_ = -1;
  struct stat opened_ = {};
  void* data_ = nullptr;
};

class MappedFile final : public TensorFile {
 public:
  explicit MappedFile(const std::filesystem::path& path)
      : mapping_(std::make_shared<const Mapping>(path)) {
    path_ = path;
    bytes_ = mapping_->bytes();
    SafetensorsHeader header =
        parse_safetensors_header({mapping_->data(), mapping_->bytes()}, bytes_, name());
    tensors_ = std::move(header.tensors);
    metadata_ = std::move(header.metadata);
  }

  at::Tensor tensor(const std::string& name) const override {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      throw FileError(this->name() + ": there is no tensor " + in_quotes(name));
    }
    check_unchanged();
    const TensorInfo& info = found->second;
    if (info.begin == info.end) return at::empty(info.shape, info.type);
    char* data = mapping_->data() + info.begin;
    if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(info.type) != 0) {
      at::Tensor copy = at::empty(info.shape, info.type);
      std::memcpy(copy.data_ptr(), data, info.end - info.begin);
      return copy;
    }
    return at::from_blob(
        data, info.shape, [mapping = mapping_](void*) {}, info.type);
  }

  void check_unchanged() const override { mapping_->check_unchanged(); }

 private:
  std::shared_ptr<const Mapping> mapping_;
};

}  // namespace

std::shared_ptr<const TensorFile> TensorFile::open(const std::filesystem::path& path) {
  return std::make_shared<const MappedFile>(path);
}

}  // namespace heddle::weights
