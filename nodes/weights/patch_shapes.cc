#include "nodes/weights/patch_shapes.h"

#include <ATen/core/Tensor.h>

#include "nodes/weights/file_error.h"

namespace heddle::weights {
namespace {

using Shape = std::vector<int64_t>;

// The product of dimensions from `first` on, or nothing if it overflows.
std::optional<int64_t> elements(const Shape& shape, size_t first = 0) {
  int64_t product = 1;
  for (size_t i = first; i < shape.size(); ++i) {
    if (__builtin_mul_overflow(product, shape[i], &product)) return std::nullopt;
  }
  return product;
}

bool has_elements_of(const std::optional<Shape>& shape, const Shape& weight) {
  return shape && elements(*shape) && elements(*shape) == elements(weight);
}

bool all_defined(std::initializer_list<at::Tensor> tensors) {
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const at::Tensor& tensor) { return tensor.defined(); });
}

bool is_flat(const at::Tensor& tensor) { return tensor.dim() >= 2 && tensor.size(0) > 0; }

bool fits(const LowRank& change, const Shape& weight) {
  const auto& [up, down, mid, padded] = change;
  if (!is_flat(up) || !is_flat(down)) return false;
  if (!padded.empty()) {
    if (padded.size() != weight.size()) return false;
    for (size_t i = 0; i < weight.size(); ++i) {
      if (padded[i] < weight[i]) return false;
    }
  }
  const Shape& target = padded.empty() ? weight : padded;
  if (!mid.defined()) {
    return row_of(up) == down.size(0) && has_elements_of(Shape{up.size(0), row_of(down)}, target);
  }
  if (mid.dim() < 3 || row_of(up) != mid.size(0) || mid.size(1) != down.size(0)) return false;
  Shape product{up.size(0), row_of(down)};
  for (int64_t i = 2; i < mid.dim(); ++i) product.push_back(mid.size(i));
  return has_elements_of(product, target);
}

bool fits(const LoHa& change, const Shape& weight) {
  if (!all_defined({change.w1_a, change.w1_b, change.w2_a, change.w2_b})) return false;
  if (change.t1.defined() != change.t2.defined()) return false;
  const auto first = product_shape(change.w1_a, change.w1_b, change.t1);
  return first == product_shape(change.w2_a, change.w2_b, change.t2) &&
         has_elements_of(first, weight);
}

std::optional<Shape> side_shape(const at::Tensor& whole, const at::Tensor& a, const at::Tensor& b,
                                const at::Tensor& t) {
  if (whole.defined()) return whole.sizes().vec();
  if (!all_defined({a, b})) return std::nullopt;
  return product_shape(a, b, t);
}

bool fits(const LoKr& change, const Shape& weight) {
  const auto first = side_shape(change.w1, change.w1_a, change.w1_b, {});
  auto second = side_shape(change.w2, change.w2_a, change.w2_b, change.t2);
  if (!first || !second || first->size() != 2) return false;
  if (second->size() != 2 && second->size() != 4) return false;
  second->insert(second->end(), first->begin(), first->end());
  return has_elements_of(second, weight);
}

bool fits(const Glora& change, const Shape& weight) {
  return glora_layout(change, weight).has_value();
}

bool fits(const Oft& change, const Shape& weight) {
  const at::Tensor& blocks = change.blocks;
  return blocks.dim() == 3 && blocks.size(1) == blocks.size(2) && blocks.size(1) > 0 &&
         !weight.empty() && blocks.size(0) * blocks.size(1) == weight[0];
}

bool fits(const Boft& change, const Shape& weight) {
  const auto& [blocks, rescale] = change;
  if (blocks.dim() != 4 || weight.empty()) return false;
  const int64_t block = blocks.size(2);
  if (block != blocks.size(3) || block < 2 || block % 2 || blocks.size(1) * block != weight[0]) {
    return false;
  }
  if (rescale.defined() && rescale.numel() != 1 && rescale.numel() != weight[0]) return false;
  int64_t span = block;  // rows that one round exchanges
  for (int64_t i = 0; i < blocks.size(0); ++i, span *= 2) {
    if (span > weight[0] || weight[0] % span) return false;
  }
  return true;
}

// Equal but for dimensions of size 1: a convolution of 1x1 and a matrix are the same thing.
bool is_same(const at::Tensor& tensor, const Shape& weight) {
  const auto without_ones = [](Shape shape) {
    std::erase(shape, 1);
    return shape;
  };
  return without_ones(tensor.sizes().vec()) == without_ones(weight);
}
bool fits(const Difference& change, const Shape& weight) { return is_same(change.tensor, weight); }
bool fits(const Replacement& change, const Shape& weight) { return is_same(change.tensor, weight); }

bool fits(const Blend& change, const Shape& weight) {
  return change.other->shape(change.name) == weight;
}
bool fits(const Scale&, const Shape&) { return true; }

bool dora_fits(const at::Tensor& scale, const Shape& weight) {
  if (!scale.defined()) return true;
  if (weight.size() < 2 || scale.dim() == 0) return false;
  return scale.numel() == (scale.size(0) == weight[0] ? weight[0] : weight[1]);
}

std::string shapes_text(const Patch& patch) {
  if (const auto* change = std::get_if<LowRank>(&patch.change)) {
    const std::string mid =
        change->mid.defined() ? shape_text(change->mid.sizes()) + " x " : std::string();
    const std::string padded =
        change->padded.empty() ? "" : ", padded to " + shape_text(change->padded);
    const std::string dora =
        patch.dora_scale.defined() ? ", dora_scale " + shape_text(patch.dora_scale.sizes()) : "";
    return shape_text(change->up.sizes()) + " x " + mid + shape_text(change->down.sizes()) +
           padded + dora;
  }
  if (const auto* change = std::get_if<Blend>(&patch.change)) {
    const auto shape = change->other->shape(change->name);
    return "the other model's " + in_quotes(change->name) + " " +
           (shape ? shape_text(*shape) : "(which is missing)");
  }
  std::string text;
  for (const auto& [name, tensor] : tensors_of(patch)) {
    text += (text.empty() ? "" : ", ") + std::string(name) + " " + shape_text(tensor->sizes());
  }
  return text;
}

}  // namespace

int64_t row_of(const at::Tensor& tensor) {
  return tensor.size(0) > 0 ? tensor.numel() / tensor.size(0) : 0;
}

std::optional<Shape> product_shape(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t) {
  if (a.dim() != 2 || b.dim() != 2 || b.size(0) == 0) return std::nullopt;
  if (!t.defined()) {
    if (a.size(1) != b.size(0)) return std::nullopt;
    return Shape{a.size(0), b.size(1)};
  }
  if (t.dim() != 4 || t.size(0) != a.size(0) || t.size(1) != b.size(0)) return std::nullopt;
  return Shape{a.size(1), b.size(1), t.size(2), t.size(3)};
}

std::optional<GloraLayout> glora_layout(const Glora& glora, const Shape& weight) {
  const auto& [a1, a2, b1, b2] = glora;
  if (!all_defined({a1, a2, b1, b2}) || weight.size() < 2) return std::nullopt;
  if (!is_flat(a1) || !is_flat(a2) || !is_flat(b1) || !is_flat(b2)) return std::nullopt;
  const int64_t old_rank = a1.size(0), new_rank = row_of(a1);
  const bool is_old = row_of(a2) == old_rank && b1.size(0) == old_rank && row_of(b2) == old_rank &&
                      a2.size(0) == row_of(a1) && row_of(a1) == elements(weight, 1) &&
                      has_elements_of(Shape{b2.size(0), row_of(b1)}, weight);
  if (is_old) return GloraLayout::kOld;
  const bool is_new = a2.size(0) == new_rank && row_of(b1) == new_rank && b2.size(0) == new_rank &&
                      a1.size(0) == row_of(a2) && a1.size(0) == weight[1] &&
                      has_elements_of(Shape{b1.size(0), row_of(b2)}, weight);
  return is_new ? std::optional(GloraLayout::kNew) : std::nullopt;
}

std::optional<std::string> misfit(const Patch& patch, const Shape& weight) {
  if (rank_of(patch) == 0) return shapes_text(patch) + " has rank 0, so that it changes nothing";
  const bool change_fits =
      std::visit([&](const auto& change) { return fits(change, weight); }, patch.change);
  if (change_fits && dora_fits(patch.dora_scale, weight)) return std::nullopt;
  return shapes_text(patch) + " does not fit a weight of " + shape_text(weight);
}

}  // namespace heddle::weights
