// The Python names that may stand in a pickle of tensors, and what each means here. The list is
// closed: it is what keeps a model file from being a program.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heddle::weights {

enum class PickleRole : uint8_t {
  kStorage,         // class of a storage, in a persistent id
  kDtype,           // torch.float32
  kRebuildTensor,   // (storage, offset, size, stride)
  kRebuildTensor2,  // and requires_grad, hooks[, metadata]
  kRebuildTensor3,  // and requires_grad, hooks, dtype[, metadata]
  kParameter,       // (tensor, ...): the tensor itself
  kOrderedDict,     // (), or a list of pairs
  kSize,            // (tuple,): the tuple itself
  kModule,          // made without arguments, its tensors come with its state
  kInert,           // what comes of it is of no use, whatever its arguments are
};

struct PickleGlobal {
  std::string_view module, name;
  PickleRole role;
  c10::ScalarType type = c10::ScalarType::Byte;  // kStorage, kDtype
};

/// The row of `module`.`name` for pickle_global(), or nothing: the pickle is to be refused.
std::optional<uint16_t> find_pickle_global(std::string_view module, std::string_view name);
const PickleGlobal& pickle_global(uint16_t row);

/// "torch._utils._rebuild_tensor_v2", quoted.
std::string global_text(std::string_view module, std::string_view name);

}  // namespace heddle::weights
