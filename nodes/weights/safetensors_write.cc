#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {
namespace {

using Entry = std::pair<std::string, at::Tensor>;

// A new file beside its destination, which disappears unless it is moved there.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& destination) : destination_(destination) {
    static std::atomic<unsigned> count{0};
    const std::string number = std::to_string(::getpid()) + '-' + std::to_string(++count);
    path_ = destination;
    path_ += '.' + number + ".tmp";
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail("cannot be created");
  }
  ~TemporaryFile() {
    ::close(descriptor_);
    if (!moved_) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const void* data, size_t bytes) {
    const char* at = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t written = ::write(descriptor_, at, bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot be written");
      at += written;
      bytes -= size_t(written);
    }
  }

  // The bytes are on the disk before the name is, and the name before this returns.
  void move_to_destination() {
    if (::fsync(descriptor_) != 0) fail("cannot be written");
    if (::rename(path_.c_str(), destination_.c_str()) != 0) fail("cannot be put in place");
    moved_ = true;
    const auto folder = destination_.has_parent_path() ? destination_.parent_path() : ".";
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
  }

 private:
  [[noreturn]] void fail(const char* problem) const {
    throw FileError(destination_.string() + ": " + problem + ": " + std::strerror(errno));
  }

  std::filesystem::path destination_, path_;
  int descriptor_ = -1;
  bool moved_ = false;
};

// Widest elements first, as the reference writer: then every tensor is aligned.
std::vector<Entry> in_file_order(const std::map<std::string, at::Tensor>& tensors) {
  std::vector<Entry> order(tensors.begin(), tensors.end());
  std::stable_sort(order.begin(), order.end(), [](const Entry& a, const Entry& b) {
    return a.second.element_size() > b.second.element_size();
  });
  for (Entry& entry : order) entry.second = entry.second.contiguous();
  return order;
}

std::string header_text(const std::string& file, const std::vector<Entry>& order,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t at = 0;
  for (const auto& [name, tensor] : order) {
    const std::string_view dtype = dtype_name(tensor.scalar_type());
    if (dtype.empty() || name == "__metadata__") {
      throw FileError(file + ": safetensors cannot hold tensor " + in_quotes(name) +
                      " of type " + c10::toString(tensor.scalar_type()));
    }
    header[name] = {{"dtype", dtype},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {at, at + tensor.nbytes()}}};
    at += tensor.nbytes();
  }
  try {
    std::string text = header.dump();
    return text.append((8 - text.size() % 8) % 8, ' ');
  } catch (const nlohmann::json::type_error& error) {
    throw FileError(file + ": a name or the metadata is no valid UTF-8: " + error.what());
  }
}

// The length of the header, little-endian, then the header.
std::string file_start(const std::string& name, const std::vector<Entry>& order,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(name, order, metadata);
  std::string start(8, '\0');
  for (size_t i = 0; i < 8; ++i) start[i] = char(uint64_t(header.size()) >> (8 * i) & 0xFF);
  return start += header;
}

}  // namespace

std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  const std::vector<Entry> order = in_file_order(tensors);
  std::string bytes = file_start("safetensors", order, metadata);
  for (const auto& [name, tensor] : order) {
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return bytes;
}

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::vector<Entry> order = in_file_order(tensors);
  const std::string start = file_start(path.string(), order, metadata);
  TemporaryFile file(path);
  file.write(start.data(), start.size());
  for (const auto& [name, tensor] : order) file.write(tensor.const_data_ptr(), tensor.nbytes());
  file.move_to_destination();
}

}  // namespace heddle::weights
