#include "nodes/weights/torch_legacy.h"

#include <unordered_map>
#include <unordered_set>

#include "nodes/weights/pickle_reader.h"
#include "nodes/weights/safetensors_header.h"

namespace heddle::weights {
namespace {

using Kind = PickleKind;

// Five pickles in a row: the magic number, the version, facts about the machine, the tensors, the
// keys of the storages. Behind them each storage in that order: its number of elements in 8 bytes,
// then the elements.
constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
constexpr int64_t kVersion = 1001;
constexpr size_t kCountBytes = 8;

class TorchLegacy {
 public:
  TorchLegacy(std::string_view file, const std::string& file_name) {
    source_.bytes = file;
    source_.file = file_name;
  }

  TorchLayout read() {
    check_magic();
    check_version();
    check_machine();
    const PickleSource source = source_;
    const PickleTree tree = next();
    TorchLayout layout{pickled_tensors(tree, source), {}};
    layout.storages = find_storages(tree, next());
    for (const auto& [name, tensor] : layout.pickled.tensors) {
      const PickledStorage& pickled = tree.storages[tensor.storage];
      if (!found_.contains(pickled.key)) {
        source_.fail(pickled.at, "storage " + in_quotes(pickled.key) + " of tensor " +
                                     in_quotes(name) + " is not in the file");
      }
    }
    return layout;
  }

 private:
  PickleTree next() {
    PickleTree tree = read_pickle(source_);
    source_.begin = tree.end;
    return tree;
  }

  void check_magic() {
    const PickleTree tree = next();
    const PickleValue& magic = tree[tree.root];
    if (magic.kind == Kind::kBigInt && magic.text == kMagic) return;
    source_.fail(0, std::string("this is a Python pickle, but not one that torch.save wrote") +
                        kConvertAdvice);
  }

  void check_version() {
    const PickleTree tree = next();
    const PickleValue& version = tree[tree.root];
    if (version.kind == Kind::kInt && version.number == kVersion) return;
    source_.fail(version.at, "version 1001 of torch.save was expected here");
  }

  void check_machine() {
    const PickleTree tree = next();
    const PickleValue& facts = tree[tree.root];
    if (facts.kind != Kind::kDict) source_.fail(facts.at, "a dictionary was expected here");
    const auto& items = tree.items_of(facts);
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      const PickleValue& value = tree[items[i + 1]];
      if (tree[items[i]].text != "little_endian") continue;
      if (value.kind == Kind::kBool && value.number) continue;
      source_.fail(value.at, std::string("its byte order is not little-endian") + kConvertAdvice);
    }
  }

  std::vector<TorchStorage> find_storages(const PickleTree& tree, const PickleTree& keys) {
    std::unordered_map<std::string_view, size_t> index;
    for (size_t i = 0; i < tree.storages.size(); ++i) index.emplace(tree.storages[i].key, i);
    if (keys[keys.root].kind != Kind::kList) {
      source_.fail(keys[keys.root].at, "the list of storages was expected here");
    }
    std::vector<TorchStorage> storages(tree.storages.size());
    size_t at = source_.begin;
    for (const PickleId id : keys.items_of(keys[keys.root])) {
      const auto pickled = keys[id].kind == Kind::kText ? index.find(keys[id].text) : index.end();
      if (pickled == index.end() || !found_.insert(pickled->first).second) {
        source_.fail(keys[id].at, "damaged file: " + in_quotes(keys[id].text) +
                                      " is in the list of storages and " +
                                      (pickled == index.end() ? "no tensor is in it" : "twice"));
      }
      storages[pickled->second] = take_storage(tree.storages[pickled->second], at);
    }
    return storages;
  }

  TorchStorage take_storage(const PickledStorage& pickled, size_t& at) const {
    const uint64_t bytes = pickled.elements * dtype_bytes(pickled.type);
    const size_t left = source_.bytes.size() - at;
    if (left < kCountBytes || bytes > left - kCountBytes) {
      source_.fail(at, "storage " + in_quotes(pickled.key) + " takes " + std::to_string(bytes) +
                           " bytes and the file ends at byte " +
                           std::to_string(source_.bytes.size()) +
                           ": the download is incomplete, fetch it again");
    }
    uint64_t elements = 0;
    for (size_t i = kCountBytes; i-- > 0;)
      elements = elements << 8 | uint8_t(source_.bytes[at + i]);
    if (elements != pickled.elements) {
      source_.fail(at, "storage " + in_quotes(pickled.key) + " of " +
                           std::to_string(pickled.elements) + " elements has " +
                           std::to_string(elements) + " here; the file is damaged");
    }
    const TorchStorage storage{at + kCountBytes, size_t(bytes), std::nullopt};
    at += kCountBytes + size_t(bytes);
    return storage;
  }

  PickleSource source_;
  std::unordered_set<std::string_view> found_;  // keys of storages, views into the file
};

}  // namespace

TorchLayout read_torch_legacy(std::string_view file, const std::string& file_name) {
  return TorchLegacy(file, file_name).read();
}

}  // namespace heddle::weights
