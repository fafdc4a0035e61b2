// What torch.save writes is a program for a stack machine in a zip archive, or in front of raw
// bytes. Whatever the bytes are: a FileError, or tensors that lie within the file. An input that
// does not begin like a file of either kind is, behind its first byte, a pickle whose storages are
// all there: the fuzzer would rarely keep a zip archive whole.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "nodes/weights/pickle_reader.h"
#include "nodes/weights/safetensors_header.h"
#include "nodes/weights/tensor_readers.h"
#include "nodes/weights/torch_layout.h"

namespace {

using heddle::weights::dtype_bytes;
using heddle::weights::PickledTensors;
using heddle::weights::TorchTensor;

constexpr size_t kMaxUnpacked = size_t(1) << 24;

void require(bool promise) {
  if (!promise) std::abort();
}

// Every element lies within the `bytes` of its storage.
void check_tensor(const TorchTensor& tensor, uint64_t bytes) {
  const uint64_t width = dtype_bytes(tensor.type);
  require(width > 0 && tensor.shape.size() == tensor.strides.size());
  uint64_t last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    require(tensor.shape[i] >= 0 && tensor.strides[i] >= 0);
    if (tensor.shape[i] == 0) return require(tensor.extent == 0);
    last += uint64_t(tensor.shape[i] - 1) * uint64_t(tensor.strides[i]);
  }
  require(last + 1 == tensor.offset + tensor.extent && (last + 1) * width <= bytes);
}

void check_names(const PickledTensors& pickled) {
  require(pickled.order.size() == pickled.tensors.size());
  for (const std::string& name : pickled.order) require(pickled.tensors.contains(name));
}

void check_file(std::string_view file) {
  const auto layout = heddle::weights::read_torch_layout(file, "fuzz");
  check_names(layout.pickled);
  for (const auto& [name, tensor] : layout.pickled.tensors) {
    check_tensor(tensor, layout.storages.at(tensor.storage).bytes);
  }
  for (const auto& storage : layout.storages) {
    if (storage.deflated) {
      require(storage.bytes <= kMaxUnpacked || storage.bytes / 16 <= file.size());
      std::string unpacked(storage.bytes, '\0');
      heddle::weights::ZipArchive(file, "fuzz").inflate(*storage.deflated, unpacked.data());
    } else {
      require(storage.begin <= file.size() && storage.bytes <= file.size() - storage.begin);
    }
  }
}

void check_pickle(std::string_view bytes) {
  heddle::weights::PickleSource source;
  source.bytes = bytes;
  source.file = "fuzz";
  const auto tree = heddle::weights::read_pickle(source);
  const PickledTensors pickled = heddle::weights::pickled_tensors(tree, source);
  check_names(pickled);
  for (const auto& [name, tensor] : pickled.tensors) {
    const auto& storage = tree.storages.at(tensor.storage);
    check_tensor(tensor, storage.elements * dtype_bytes(storage.type));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view whole(reinterpret_cast<const char*>(data), size);
  try {
    if (heddle::weights::is_torch_file(whole)) {
      check_file(whole);  // so that the files that the tests keep are seeds as they are
    } else {
      check_pickle(whole.substr(1));
    }
  } catch (const heddle::weights::FileError&) {
  }
  return 0;
}
