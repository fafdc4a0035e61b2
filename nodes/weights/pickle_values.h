// What a pickle describes, as inert data: a pickle is a program for a small stack machine, and this
// is what its values become here. Nothing is ever called. Values live in one arena and refer to
// each other by number, so that neither loops nor depth can hurt those who build, walk or destroy
// them.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace heddle::weights {

enum class PickleKind : uint8_t {
  kNone,
  kBool,
  kInt,
  kBigInt,  // does not fit into 64 bits; `text` holds its bytes
  kFloat,
  kText,
  kBytes,
  kTuple,
  kList,
  kDict,  // items are key, value, key, value...
  kGlobal,
  kStorage,
  kTensor,  // items are the arguments of the function `global` that builds it
  kModule,  // a torch module; items are its state, once it has one
  kInert,   // known to be harmless and of no use
};

using PickleId = uint32_t;  // of a value; a value made later has a larger one

struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  uint16_t global = 0;         // kGlobal, kTensor: row of pickle_globals()
  uint32_t at = 0;             // where in its source it was made
  int64_t number = 0;          // kBool, kInt; index of the storage; index of a container's items
  double real = 0;             // kFloat
  std::string_view text = {};  // kText (as encoded in the file), kBytes, kBigInt
};

/// A storage that tensors look into, as the pickle names it.
struct PickledStorage {
  std::string_view key;
  c10::ScalarType type = c10::ScalarType::Byte;
  uint64_t elements = 0;  // elements times bytes of one fit into 63 bits
  uint32_t at = 0;
};

struct PickleTree {
  std::vector<PickleValue> values;
  std::vector<std::vector<PickleId>> items;  // of tuples, lists, dicts, tensors and modules
  std::vector<PickledStorage> storages;      // each key once
  PickleId root = 0;
  size_t end = 0;  // in the source, behind STOP

  const PickleValue& operator[](PickleId id) const { return values[id]; }
  const std::vector<PickleId>& items_of(const PickleValue& container) const {
    return items[size_t(container.number)];
  }
};

}  // namespace heddle::weights
