#include "nodes/weights/file_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace heddle::weights {
namespace {

struct stat status_of(int descriptor, const std::string& name) {
  struct stat status;
  if (fstat(descriptor, &status) == 0) return status;
  throw FileError(name + ": cannot be examined: " + std::strerror(errno));
}

}  // namespace

FileMapping::FileMapping(const std::filesystem::path& path) : name_(path.filename().string()) {
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

FileMapping::~FileMapping() {
  if (data_) ::munmap(data_, size());
  ::close(descriptor_);
}

void FileMapping::map() {
  opened_ = status_of(descriptor_, name_);
  if (!S_ISREG(opened_.st_mode)) throw FileError(name_ + ": this is no regular file");
  if (size() == 0) throw FileError(name_ + ": the file is empty; fetch it again");
  void* data = ::mmap(nullptr, size(), PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (data == MAP_FAILED) {
    throw FileError(name_ + ": cannot be mapped: " + std::strerror(errno));
  }
  data_ = data;
}

// Pages at the ends may hold other tensors, whose readers would wait for them.
void FileMapping::release(const char* begin, size_t size) const {
  const uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE)), at = reinterpret_cast<uintptr_t>(begin);
  const uintptr_t first = (at + page - 1) / page * page, last = (at + size) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

std::shared_ptr<char> lend(std::shared_ptr<const FileMapping> file, size_t begin, size_t size) {
  char* bytes = file->data() + begin;
  return {bytes, [file = std::move(file), size](char* lent) { file->release(lent, size); }};
}

void FileMapping::check_unchanged() const {
  const struct stat now = status_of(descriptor_, name_);
  if (now.st_size == opened_.st_size && now.st_mtim.tv_sec == opened_.st_mtim.tv_sec &&
      now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec) {
    return;
  }
  throw FileError(name_ + ": the file was changed while in use (" +
                  std::to_string(opened_.st_size) + " bytes then, " + std::to_string(now.st_size) +
                  " now); run again when it is complete");
}

}  // namespace heddle::weights
