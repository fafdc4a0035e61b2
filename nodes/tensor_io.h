// Tensors in the disk cache: type, shape, bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <istream>
#include <ostream>

namespace heddle {

/// An undefined tensor may be written too.
void write_tensor(const at::Tensor& tensor, std::ostream& out);
/// Throws std::runtime_error on damaged bytes.
at::Tensor read_tensor(std::istream& in);

void write_number(int64_t number, std::ostream& out);
int64_t read_number(std::istream& in);

/// Bytes of the elements; 0 if undefined.
size_t tensor_bytes(const at::Tensor& tensor);

}  // namespace heddle
