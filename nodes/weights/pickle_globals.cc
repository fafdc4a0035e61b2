#include "nodes/weights/pickle_globals.h"

#include <iterator>

#include "nodes/weights/file_error.h"

namespace heddle::weights {
namespace {

using Role = PickleRole;
using Type = c10::ScalarType;

constexpr PickleGlobal kGlobals[] = {
    {"torch._utils", "_rebuild_tensor_v2", Role::kRebuildTensor2},
    {"torch._utils", "_rebuild_tensor_v3", Role::kRebuildTensor3},
    {"torch._utils", "_rebuild_tensor", Role::kRebuildTensor},
    {"torch._utils", "_rebuild_parameter", Role::kParameter},
    {"torch._utils", "_rebuild_parameter_with_state", Role::kParameter},
    {"torch.nn.parameter", "Parameter", Role::kParameter},
    {"torch.nn.parameter", "Buffer", Role::kParameter},
    // What the first trainers of textual inversions kept their tensors in.
    {"torch.nn.modules.container", "ParameterDict", Role::kModule},
    {"collections", "OrderedDict", Role::kOrderedDict},
    {"torch", "Size", Role::kSize},

    {"torch", "FloatStorage", Role::kStorage, Type::Float},
    {"torch", "HalfStorage", Role::kStorage, Type::Half},
    {"torch", "BFloat16Storage", Role::kStorage, Type::BFloat16},
    {"torch", "DoubleStorage", Role::kStorage, Type::Double},
    {"torch", "LongStorage", Role::kStorage, Type::Long},
    {"torch", "IntStorage", Role::kStorage, Type::Int},
    {"torch", "ShortStorage", Role::kStorage, Type::Short},
    {"torch", "CharStorage", Role::kStorage, Type::Char},
    {"torch", "ByteStorage", Role::kStorage, Type::Byte},
    {"torch", "BoolStorage", Role::kStorage, Type::Bool},
    {"torch", "ComplexFloatStorage", Role::kStorage, Type::ComplexFloat},
    {"torch", "Float8_e4m3fnStorage", Role::kStorage, Type::Float8_e4m3fn},
    {"torch", "Float8_e5m2Storage", Role::kStorage, Type::Float8_e5m2},
    {"torch", "UntypedStorage", Role::kStorage, Type::Byte},
    {"torch.storage", "UntypedStorage", Role::kStorage, Type::Byte},

    {"torch", "float32", Role::kDtype, Type::Float},
    {"torch", "float16", Role::kDtype, Type::Half},
    {"torch", "bfloat16", Role::kDtype, Type::BFloat16},
    {"torch", "float64", Role::kDtype, Type::Double},
    {"torch", "int64", Role::kDtype, Type::Long},
    {"torch", "int32", Role::kDtype, Type::Int},
    {"torch", "int16", Role::kDtype, Type::Short},
    {"torch", "int8", Role::kDtype, Type::Char},
    {"torch", "uint8", Role::kDtype, Type::Byte},
    {"torch", "uint16", Role::kDtype, Type::UInt16},
    {"torch", "uint32", Role::kDtype, Type::UInt32},
    {"torch", "uint64", Role::kDtype, Type::UInt64},
    {"torch", "bool", Role::kDtype, Type::Bool},
    {"torch", "complex64", Role::kDtype, Type::ComplexFloat},
    {"torch", "float8_e4m3fn", Role::kDtype, Type::Float8_e4m3fn},
    {"torch", "float8_e5m2", Role::kDtype, Type::Float8_e5m2},

    {"torch", "device", Role::kInert},
    {"builtins", "set", Role::kInert},
    {"__builtin__", "set", Role::kInert},
    // Beside the weights in checkpoints of a training: counters, learning rates, names of classes.
    {"numpy", "dtype", Role::kInert},
    {"numpy.core.multiarray", "scalar", Role::kInert},
    {"numpy._core.multiarray", "scalar", Role::kInert},
    {"_codecs", "encode", Role::kInert},
    {"pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint", Role::kInert},
};

// Storages of a graphics card are written under a module of their own.
constexpr std::string_view kOtherTorch = "torch.cuda";

}  // namespace

std::optional<uint16_t> find_pickle_global(std::string_view module, std::string_view name) {
  const std::string_view wanted =
      module == kOtherTorch && name.ends_with("Storage") ? "torch" : module;
  for (size_t row = 0; row < std::size(kGlobals); ++row) {
    if (kGlobals[row].module == wanted && kGlobals[row].name == name) return uint16_t(row);
  }
  return std::nullopt;
}

const PickleGlobal& pickle_global(uint16_t row) { return kGlobals[row]; }

std::string global_text(std::string_view module, std::string_view name) {
  return in_quotes(std::string(module) + "." + std::string(name));
}

}  // namespace heddle::weights
