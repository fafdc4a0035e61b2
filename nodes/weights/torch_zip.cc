#include "nodes/weights/torch_zip.h"

#include "nodes/weights/pickle_cursor.h"
#include "nodes/weights/pickle_reader.h"
#include "nodes/weights/safetensors_header.h"

namespace heddle::weights {
namespace {

constexpr std::string_view kPickle = "/data.pkl";
// torch.save never compresses, and weights do not compress well: what inflates to more than this
// many times the file is an attempt to exhaust memory.
constexpr uint64_t kMaxInflation = 16;
constexpr uint64_t kInflationGrace = uint64_t(1) << 20;  // so that small files may be all zeros

class TorchZip {
 public:
  TorchZip(std::string_view file, const std::string& file_name)
      : file_(file), file_name_(file_name), archive_(file, file_name), folder_(find_folder()) {}

  TorchLayout read() {
    check_kind();
    PickleSource source;
    const std::string name = folder_ + std::string(kPickle);
    const ZipMember& pickle = archive_.members().at(name);
    if (pickle.bytes > kMaxPickleBytes) {
      fail(in_quotes(name) + " in the archive has " + std::to_string(pickle.bytes) +
           " bytes; 64 MiB is the most that a list of tensors may take");
    }
    std::string unpacked;
    source.bytes = contents(pickle, unpacked);
    source.file = file_name_;
    source.part = " of " + in_quotes(name) + " in the archive";
    const PickleTree tree = read_pickle(source);
    TorchLayout layout{pickled_tensors(tree, source), {}};
    find_storages(tree, source, layout);
    return layout;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw FileError(file_name_ + ": " + problem);
  }

  // The folder that everything is in may have any name.
  std::string find_folder() const {
    std::string found;
    for (const auto& [name, member] : archive_.members()) {
      const size_t slash = name.find('/');
      if (slash == name.npos || std::string_view(name).substr(slash) != kPickle) continue;
      if (!found.empty()) {
        fail("this zip archive has two files of tensors, " + in_quotes(found) + " and " +
             in_quotes(name.substr(0, slash)));
      }
      found = name.substr(0, slash);
    }
    if (found.empty()) fail("this zip archive has no FOLDER/data.pkl: it is no file of torch.save");
    return found;
  }

  const ZipMember* find(const std::string& name) const {
    const auto found = archive_.members().find(folder_ + "/" + name);
    return found == archive_.members().end() ? nullptr : &found->second;
  }

  void check_kind() const {
    if (find("constants.pkl")) {
      fail(std::string("this is a TorchScript program, not a file of tensors") + kConvertAdvice);
    }
    const ZipMember* order = find("byteorder");
    if (!order) return;
    constexpr size_t kLongest = 16;
    std::string unpacked;
    const auto text = order->bytes > kLongest ? "" : contents(*order, unpacked);
    if (text != "little") {
      fail("its byte order is " + in_quotes(text) + ", and only \"little\" is read" +
           kConvertAdvice);
    }
  }

  // A view into the file, or into `unpacked`, which then holds the bytes.
  std::string_view contents(const ZipMember& member, std::string& unpacked) const {
    if (!member.deflated) return archive_.stored(member);
    check_inflation(member.bytes);
    unpacked.resize(member.bytes);
    archive_.inflate(member, unpacked.data());
    return unpacked;
  }

  void check_inflation(uint64_t bytes) const {
    if (bytes <= kInflationGrace || bytes / kMaxInflation <= file_.size()) return;
    fail("the archive of " + std::to_string(file_.size()) + " bytes promises to unpack to " +
         std::to_string(bytes) + ", and no weights compress that well");
  }

  void find_storages(const PickleTree& tree, const PickleSource& source,
                     TorchLayout& layout) const {
    layout.storages.resize(tree.storages.size());
    std::vector<bool> known(tree.storages.size());
    uint64_t inflated = 0;
    for (const auto& [name, tensor] : layout.pickled.tensors) {
      if (known[tensor.storage]) continue;
      known[tensor.storage] = true;
      TorchStorage& storage = layout.storages[tensor.storage];
      storage = find_storage(tree.storages[tensor.storage], source);
      if (!storage.deflated) continue;
      inflated += storage.bytes;
      check_inflation(inflated);
    }
  }

  TorchStorage find_storage(const PickledStorage& pickled, const PickleSource& source) const {
    const std::string name = "data/" + std::string(pickled.key);
    const ZipMember* member = find(name);
    if (!member) {
      source.fail(pickled.at, "a tensor is in storage " + in_quotes(pickled.key) +
                                  ", and the archive has no " + in_quotes(folder_ + "/" + name));
    }
    const uint64_t bytes = pickled.elements * dtype_bytes(pickled.type);
    if (member->bytes != bytes) {
      source.fail(pickled.at, "storage " + in_quotes(pickled.key) + " takes " +
                                  std::to_string(bytes) + " bytes, and the archive has " +
                                  std::to_string(member->bytes) + " of it; the file is damaged");
    }
    TorchStorage storage{0, size_t(bytes), std::nullopt};
    if (member->deflated) {
      storage.deflated = *member;
    } else if (bytes > 0) {
      storage.begin = size_t(archive_.stored(*member).data() - file_.data());
    }
    return storage;
  }

  std::string_view file_;
  const std::string& file_name_;
  ZipArchive archive_;
  std::string folder_;
};

}  // namespace

TorchLayout read_torch_zip(std::string_view file, const std::string& file_name) {
  return TorchZip(file, file_name).read();
}

}  // namespace heddle::weights
