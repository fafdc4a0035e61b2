#include "nodes/tensor_io.h"

#include <ATen/ATen.h>

#include <stdexcept>
#include <vector>

namespace heddle {
namespace {

constexpr int64_t kUndefined = -1;
constexpr int64_t kMostDimensions = 8;
constexpr int64_t kMostElements = int64_t{1} << 36;

}  // namespace

void write_number(int64_t number, std::ostream& out) {
  out.write(reinterpret_cast<const char*>(&number), sizeof number);
}

int64_t read_number(std::istream& in) {
  int64_t number;
  if (!in.read(reinterpret_cast<char*>(&number), sizeof number)) throw std::runtime_error("value cut short");
  return number;
}

void write_tensor(const at::Tensor& tensor, std::ostream& out) {
  if (!tensor.defined()) return write_number(kUndefined, out);
  const at::Tensor plain = tensor.contiguous();
  write_number(int64_t(plain.scalar_type()), out);
  write_number(plain.dim(), out);
  for (const int64_t size : plain.sizes()) write_number(size, out);
  out.write(static_cast<const char*>(plain.data_ptr()), std::streamsize(plain.nbytes()));
}

at::Tensor read_tensor(std::istream& in) {
  const int64_t type = read_number(in);
  if (type == kUndefined) return {};
  const int64_t dimensions = read_number(in);
  if (type < 0 || type > int64_t(at::kBFloat16) || dimensions < 0 || dimensions > kMostDimensions) {
    throw std::runtime_error("not a tensor");
  }
  std::vector<int64_t> shape;
  int64_t elements = 1;
  for (int64_t k = 0; k < dimensions; ++k) {
    shape.push_back(read_number(in));
    if (shape.back() < 0 || shape.back() > kMostElements || (elements *= shape.back()) > kMostElements) {
      throw std::runtime_error("not a tensor");
    }
  }
  at::Tensor tensor = at::empty(shape, at::ScalarType(type));
  if (!in.read(static_cast<char*>(tensor.data_ptr()), std::streamsize(tensor.nbytes()))) {
    throw std::runtime_error("value cut short");
  }
  return tensor;
}

size_t tensor_bytes(const at::Tensor& tensor) { return tensor.defined() ? tensor.nbytes() : 0; }

}  // namespace heddle
