#include "nodes/weights/lora_shapes.h"

#include "nodes/weights/file_error.h"

namespace heddle::weights {
namespace {

using Shape = std::vector<int64_t>;

// A header check has bounded the product of every shape that comes here.
int64_t elements_after(const Shape& shape, size_t dims) {
  int64_t product = 1;
  for (size_t i = dims; i < shape.size(); ++i) product *= shape[i];
  return product;
}

// Whether `a` * `b` is `product`, where the multiplication might overflow.
bool is_product(int64_t a, int64_t b, int64_t product) {
  int64_t result;
  return !__builtin_mul_overflow(a, b, &result) && result == product;
}

bool chain_fits(const LoraShapes& shapes) {
  const auto& [up, down, mid] = shapes;
  if (up.size() < 2 || down.size() < 2 || down[0] == 0) return false;
  const int64_t up_rank = elements_after(up, 1);
  if (mid.empty()) return up_rank == down[0];
  return mid.size() > 2 && up_rank == mid[0] && mid[1] == down[0];
}

// Elements of one row of the change: what `down`, with the kernel of `mid`, has for each rank.
std::optional<int64_t> row_elements(const LoraShapes& shapes) {
  const int64_t row = elements_after(shapes.down, 1);
  if (shapes.mid.empty()) return row;
  int64_t result;
  const int64_t kernel = elements_after(shapes.mid, 2);
  if (__builtin_mul_overflow(row, kernel, &result)) return std::nullopt;
  return result;
}

}  // namespace

std::optional<std::string> misfit(const LoraShapes& shapes, const Shape& weight) {
  if (chain_fits(shapes)) {
    const auto row = row_elements(shapes);
    if (row && is_product(shapes.up[0], *row, elements_after(weight, 0))) return std::nullopt;
  }
  const std::string mid = shapes.mid.empty() ? "" : shape_text(shapes.mid) + " x ";
  return shape_text(shapes.up) + " x " + mid + shape_text(shapes.down) +
         " does not fit a weight of " + shape_text(weight);
}

}  // namespace heddle::weights
