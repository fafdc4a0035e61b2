#include "nodes/weights/pickle_tensor.h"

#include "nodes/weights/pickle_globals.h"
#include "nodes/weights/safetensors_header.h"

namespace heddle::weights {
namespace {

using Kind = PickleKind;

constexpr size_t kMaxPickledDims = 16;
// Strides of 0 repeat elements, so that a small file may describe a tensor of any size. Tables that
// were expanded before they were saved are small.
constexpr uint64_t kMaxRepeatedBytes = uint64_t(1) << 20;

// How many arguments the functions take, and where the type is among them.
struct Signature {
  PickleRole role;
  size_t least, most;
  size_t dtype = 0, metadata = 0;  // 0: none
};
constexpr Signature kSignatures[] = {
    {PickleRole::kRebuildTensor, 4, 4},
    {PickleRole::kRebuildTensor2, 6, 7, 0, 6},
    {PickleRole::kRebuildTensor3, 7, 8, 6, 7},
};

class TensorBuilder {
 public:
  TensorBuilder(const PickleTree& tree, const PickleValue& value, const PickleSource& source,
                const std::string& name)
      : tree_(tree), value_(value), source_(source), name_(name) {}

  TorchTensor build() {
    const Signature& signature = find_signature();
    const auto& arguments = tree_.items_of(value_);
    expect(arguments.size() >= signature.least && arguments.size() <= signature.most,
           "it is built from " + std::to_string(arguments.size()) + " arguments");
    const PickledStorage& storage = tree_.storages[size_t(tree_[arguments[0]].number)];
    tensor_.storage = size_t(tree_[arguments[0]].number);
    tensor_.type = signature.dtype ? read_type(tree_[arguments[signature.dtype]]) : storage.type;
    if (signature.metadata && arguments.size() > signature.metadata) {
      check_metadata(tree_[arguments[signature.metadata]]);
    }
    tensor_.offset = uint64_t(read_number(arguments[1], "offset"));
    tensor_.shape = read_numbers(arguments[2], "size");
    tensor_.strides = read_numbers(arguments[3], "stride");
    expect(tensor_.shape.size() == tensor_.strides.size(),
           "size " + shape_text(tensor_.shape) + " and stride " + shape_text(tensor_.strides) +
               " have different lengths");
    measure(storage);
    return std::move(tensor_);
  }

 private:
  void expect(bool right, const std::string& problem) const {
    if (!right) source_.fail(value_.at, "tensor " + in_quotes(name_) + ": " + problem);
  }

  const Signature& find_signature() const {
    const PickleRole role = pickle_global(value_.global).role;
    for (const Signature& signature : kSignatures) {
      if (signature.role == role) return signature;
    }
    return kSignatures[0];
  }

  c10::ScalarType read_type(const PickleValue& dtype) const {
    const bool right =
        dtype.kind == Kind::kGlobal && pickle_global(dtype.global).role == PickleRole::kDtype;
    expect(right, "its type is no torch.dtype");
    return pickle_global(dtype.global).type;
  }

  // Says that elements are to be negated or conjugated on reading.
  void check_metadata(const PickleValue& metadata) const {
    const bool plain = metadata.kind == Kind::kNone ||
                       (metadata.kind == Kind::kDict && tree_.items_of(metadata).empty());
    expect(plain, std::string("it was saved as a negated or conjugated view") + kConvertAdvice);
  }

  int64_t read_number(PickleId id, const char* what) const {
    const PickleValue& value = tree_[id];
    expect(value.kind == Kind::kInt && value.number >= 0,
           std::string(what) + " must be made of whole numbers from 0" +
               (value.kind == Kind::kInt ? ", not " + std::to_string(value.number) : ""));
    return value.number;
  }

  std::vector<int64_t> read_numbers(PickleId id, const char* what) const {
    const Kind kind = tree_[id].kind;
    expect(kind == Kind::kTuple || kind == Kind::kList, std::string(what) + " is no tuple");
    const auto& items = tree_.items_of(tree_[id]);
    expect(items.size() <= kMaxPickledDims, std::string(what) + " has " + std::to_string(items.size()) +
                                         " numbers, at most 16 are allowed");
    std::vector<int64_t> numbers;
    for (const PickleId item : items) numbers.push_back(read_number(item, what));
    return numbers;
  }

  void measure(const PickledStorage& storage) {
    uint64_t elements = 1, last = tensor_.offset;
    bool fits = true;  // in 63 bits; dimensions of 0 do not excuse the others
    for (size_t i = 0; i < tensor_.shape.size(); ++i) {
      const auto size = uint64_t(tensor_.shape[i]);
      if (size == 0) continue;
      uint64_t way = 0;
      fits = fits && !__builtin_mul_overflow(elements, size, &elements) &&
             !__builtin_mul_overflow(size - 1, uint64_t(tensor_.strides[i]), &way) &&
             !__builtin_add_overflow(last, way, &last);
    }
    const uint64_t width = dtype_bytes(tensor_.type);
    fits = fits && elements <= uint64_t(INT64_MAX) / width && last < uint64_t(INT64_MAX) / width;
    expect(fits, "size " + shape_text(tensor_.shape) + " is too large");
    for (const int64_t size : tensor_.shape) {
      if (size == 0) return;
    }
    check_within(storage, elements * width, (last + 1) * width);
    tensor_.extent = last + 1 - tensor_.offset;
  }

  void check_within(const PickledStorage& storage, uint64_t bytes, uint64_t end) const {
    const uint64_t has = storage.elements * dtype_bytes(storage.type);
    expect(end <= has, "size " + shape_text(tensor_.shape) + " with stride " +
                           shape_text(tensor_.strides) + " from element " +
                           std::to_string(tensor_.offset) + " needs " + std::to_string(end) +
                           " bytes, but its storage " + in_quotes(storage.key) + " has " +
                           std::to_string(has) + "; the file is damaged");
    expect(bytes <= has || bytes <= kMaxRepeatedBytes,
           "size " + shape_text(tensor_.shape) + " repeats a storage of " + std::to_string(has) +
               " bytes to " + std::to_string(bytes));
  }

  const PickleTree& tree_;
  const PickleValue& value_;
  const PickleSource& source_;
  const std::string& name_;
  TorchTensor tensor_;
};

}  // namespace

TorchTensor pickled_tensor(const PickleTree& tree, const PickleValue& value,
                           const PickleSource& source, const std::string& name) {
  return TensorBuilder(tree, value, source, name).build();
}

}  // namespace heddle::weights
