// The tensors that a pickle describes, under the names that a flat file would give them, checked
// against their storages.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/weights/pickle_source.h"
#include "nodes/weights/pickle_values.h"

namespace heddle::weights {

/// Elements of a storage: `offset` + sum of index * stride, all within it.
struct TorchTensor {
  c10::ScalarType type = c10::ScalarType::Float;
  std::vector<int64_t> shape, strides;
  size_t storage = 0;   // of the tree
  uint64_t offset = 0;  // of the first element, in elements
  uint64_t extent = 0;  // from the first to behind the last element, in elements; 0: it has none
};

struct PickledTensors {
  std::map<std::string, TorchTensor> tensors;
  std::vector<std::string> order;               // their names as the pickle has them
  std::map<std::string, std::string> metadata;  // texts and numbers at the top, as JSON has numbers
};

/// Of a dictionary, what is under "state_dict", or under its only key if that is a dictionary, else
/// everything. Names of nested dictionaries are joined by dots, items of lists have their index in
/// brackets: "string_to_param.*", "[0].emb", "768[1].linear.0.weight". Throws FileError for tensors
/// that do not lie within their storage or have no name, or a name that another one has; what is no
/// tensor is left out.
PickledTensors pickled_tensors(const PickleTree& tree, const PickleSource& source);

}  // namespace heddle::weights
