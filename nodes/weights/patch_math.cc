#include "nodes/weights/patch_math.h"

#include <ATen/ATen.h>

#include <limits>

#include "nodes/diffusion/ops.h"
#include "nodes/weights/patch_shapes.h"

namespace heddle::weights {
namespace {

using at::Tensor;

Tensor fp32(const Tensor& tensor) { return tensor.to(at::kFloat); }

// a @ b of matrices, by the networks' own product: its sums do not change with the number of
// threads.
Tensor product(const Tensor& a, const Tensor& b) {
  const diffusion::Linear layer{b.t().contiguous(), {}};
  return diffusion::linear(a.contiguous().unsqueeze(0), layer).squeeze(0);
}

// product_shape says what this is: a @ b, or result[p, r, k] = sum over i, j of
// t[i, j, k] * b[j, r] * a[i, p].
Tensor product(const Tensor& a, const Tensor& b, const Tensor& t) {
  if (!t.defined()) return product(fp32(a), fp32(b));
  const Tensor core = fp32(t);  // [i, j, k, l]
  const int64_t columns = b.size(1), rows = a.size(1), kernel = core.size(2) * core.size(3);
  const Tensor by_kernel = core.permute({0, 2, 3, 1}).reshape({-1, core.size(1)});  // [i*k, j]
  const Tensor half = product(by_kernel, fp32(b)).reshape({core.size(0), -1});      // [i, k*r]
  return product(fp32(a).t(), half)
      .reshape({rows, kernel, columns})
      .transpose(1, 2)
      .reshape({rows, columns, core.size(2), core.size(3)});
}

/// Scale without strength, and what it scales.
struct Delta {
  Tensor value;  // any shape with the elements of W
  double scale = 1;
};

double over_rank(const std::optional<double>& alpha, int64_t rank) {
  return alpha ? *alpha / double(rank) : 1.0;
}

// [rank, in, kernel...] as a matrix, where the kernel is in `mid`: sum over i of
// mid[o, i, k] * down[i, c].
Tensor full_down(const LowRank& change) {
  const Tensor down = fp32(change.down).flatten(1);
  if (!change.mid.defined()) return down;
  const Tensor mid = fp32(change.mid).flatten(2);                           // [o, i, k]
  const Tensor by_kernel = mid.transpose(1, 2).reshape({-1, mid.size(1)});  // [o*k, i]
  return product(by_kernel, down)
      .reshape({mid.size(0), mid.size(2), down.size(1)})
      .transpose(1, 2)
      .flatten(1);
}

Delta delta_of(const LowRank& change, const Tensor&, const std::optional<double>& alpha) {
  return {product(fp32(change.up).flatten(1), full_down(change)),
          over_rank(alpha, change.down.size(0))};
}

Delta delta_of(const LoHa& change, const Tensor&, const std::optional<double>& alpha) {
  const Tensor first = product(change.w1_a, change.w1_b, change.t1);
  return {first * product(change.w2_a, change.w2_b, change.t2),
          over_rank(alpha, change.w1_b.size(0))};
}

Delta delta_of(const LoKr& change, const Tensor&, const std::optional<double>& alpha) {
  Tensor w1 = change.w1.defined() ? fp32(change.w1) : product(change.w1_a, change.w1_b, {});
  const Tensor w2 =
      change.w2.defined() ? fp32(change.w2) : product(change.w2_a, change.w2_b, change.t2);
  if (w2.dim() == 4) w1 = w1.unsqueeze(2).unsqueeze(3);
  const auto rank = rank_of({.change = change});
  return {at::kron(w1, w2.contiguous()), rank ? over_rank(alpha, *rank) : 1.0};
}

// W with every position of its kernel multiplied from the right: [out, in, k] by [in, in].
Tensor times_right(const Tensor& weight, const Tensor& first, const Tensor& second) {
  if (weight.dim() == 2) return product(product(weight, first), second);
  const Tensor rows =
      weight.flatten(2).transpose(1, 2).reshape({-1, weight.size(1)});  // [out*k, in]
  return product(product(rows, first), second)
      .reshape({weight.size(0), -1, weight.size(1)})
      .transpose(1, 2);
}

Delta delta_of(const Glora& change, const Tensor& weight, const std::optional<double>& alpha) {
  const Tensor a1 = fp32(change.a1).flatten(1), a2 = fp32(change.a2).flatten(1);
  const Tensor b1 = fp32(change.b1).flatten(1), b2 = fp32(change.b2).flatten(1);
  if (glora_layout(change, weight.sizes().vec()) == GloraLayout::kOld) {
    const Tensor moved = product(product(weight.flatten(1), a2), a1);
    return {product(b2, b1).reshape(weight.sizes()) + moved.reshape(weight.sizes()),
            over_rank(alpha, a1.size(0))};
  }
  const Tensor moved = times_right(weight, a1, a2).reshape(weight.sizes());
  return {moved + product(b1, b2).reshape(weight.sizes()), over_rank(alpha, a1.size(1))};
}

// (I - Q)^-1 for batches of antisymmetric Q, fp64. Gauss-Jordan without pivoting: the symmetric
// part of the matrix is I, so that no pivot is below 1.
Tensor inverse_of_i_minus(const Tensor& q) {
  Tensor m = at::eye(q.size(1), q.options()) - q;  // [n, b, b]
  for (int64_t i = 0; i < m.size(1); ++i) {
    const Tensor reciprocal = m.select(1, i).select(1, i).reciprocal();  // [n]
    const Tensor column = m.select(2, i).clone();
    m.select(2, i).zero_();
    Tensor row = m.select(1, i) * reciprocal.unsqueeze(1);
    row.select(1, i).copy_(reciprocal);
    m.sub_(column.unsqueeze(2) * row.unsqueeze(1));
    m.select(1, i).copy_(row);
  }
  return m;
}

// R = (I + Q) (I - Q)^-1 = 2 (I - Q)^-1 - I, by way of fp64. `blocks` [n, b, b].
Tensor rotations(const Tensor& blocks, const std::optional<double>& largest_norm) {
  const Tensor raw = blocks.to(at::kDouble);
  Tensor q = raw - raw.transpose(1, 2);
  if (largest_norm && *largest_norm > 0) {
    const double norm = at::linalg_vector_norm(q).item<double>() + 1e-8;
    if (norm > *largest_norm) q = q * (*largest_norm / norm);
  }
  const Tensor identity = at::eye(q.size(1), q.options());
  return (inverse_of_i_minus(q) * 2 - identity).to(at::kFloat);
}

// Each [b, b] matrix times its b rows of `rows` [n * b, columns].
Tensor times_blocks(const Tensor& matrices, const Tensor& rows) {
  const int64_t block = matrices.size(1);
  std::vector<Tensor> products;
  for (int64_t i = 0; i < matrices.size(0); ++i) {
    products.push_back(product(matrices[i], rows.narrow(0, i * block, block)));
  }
  return at::cat(products);
}

Tensor turned(Tensor weight, const Oft& change, const Patch& patch) {
  const Tensor r = rotations(change.blocks, patch.alpha);
  const Tensor moves = (r - at::eye(r.size(1))) * patch.strength;
  const Tensor delta = times_blocks(moves.transpose(1, 2), weight.flatten(1));
  return weight.add_(delta.reshape(weight.sizes()).mul_(patch.strength));
}

// Rows exchanged so that the `span` rows of each group come in pairs, one of either half.
Tensor shuffled(const Tensor& rows, int64_t outer, int64_t inner) {
  return rows.reshape({-1, outer, inner, rows.size(1)}).transpose(1, 2).reshape(rows.sizes());
}

Tensor turned(Tensor weight, const Boft& change, const Patch& patch) {
  const Tensor& blocks = change.blocks;  // [m, n, b, b]
  const Tensor r = rotations(blocks.flatten(0, 1), patch.alpha).reshape(blocks.sizes());
  const Tensor rest = at::eye(blocks.size(3)) * (1 - patch.strength);
  Tensor rows = weight.flatten(1);
  int64_t half = blocks.size(3) / 2;
  for (int64_t i = 0; i < blocks.size(0); ++i, half *= 2) {
    const Tensor turns = r[i] * patch.strength + rest;
    rows = shuffled(times_blocks(turns, shuffled(rows, 2, half)), half, 2);
  }
  if (change.rescale.defined()) rows = rows * fp32(change.rescale).reshape({-1, 1});
  const Tensor delta = rows.reshape(weight.sizes()) - weight;
  return weight.add_(delta.mul_(patch.strength));
}

// W + strength * (V * dora_scale / norm - W), V = W + delta. In fp64 norms do not depend on the
// order of their sums.
Tensor decomposed(const Tensor& weight, const Tensor& delta, const Patch& patch) {
  const Tensor moved = weight + delta;
  const bool by_row = patch.dora_scale.size(0) == weight.size(0);
  std::vector<int64_t> reduced;
  for (int64_t i = 0; i < weight.dim(); ++i) {
    if (i != (by_row ? 0 : 1)) reduced.push_back(i);
  }
  const Tensor norm = at::linalg_vector_norm(by_row ? weight : moved, 2, reduced,
                                             /*keepdim=*/true, at::kDouble)
                          .to(at::kFloat)
                          .add_(std::numeric_limits<float>::epsilon());
  const Tensor result = moved * (fp32(patch.dora_scale).reshape(norm.sizes()) / norm);
  if (patch.strength == 1) return result;
  return weight + (result - weight).mul_(patch.strength);
}

Tensor padded_to(const Tensor& weight, const std::vector<int64_t>& shape) {
  Tensor padded = at::zeros(shape);
  Tensor corner = padded;
  for (int64_t i = 0; i < weight.dim(); ++i) corner = corner.narrow(i, 0, weight.size(i));
  corner.copy_(weight);
  return padded;
}

// The kinds that add something in proportion to the strength.
template <typename Kind>
Tensor changed(Tensor weight, const Kind& change, const Patch& patch) {
  const Delta delta = delta_of(change, weight, patch.alpha);
  const Tensor value = delta.value.reshape(weight.sizes());
  if (patch.dora_scale.defined()) return decomposed(weight, value * delta.scale, patch);
  // Scaled, then added: one fused step would round differently.
  return weight.add_(value * (patch.strength * delta.scale));
}

Tensor changed(Tensor weight, const Oft& change, const Patch& patch) {
  return turned(std::move(weight), change, patch);
}
Tensor changed(Tensor weight, const Boft& change, const Patch& patch) {
  return turned(std::move(weight), change, patch);
}
Tensor changed(Tensor weight, const Difference& change, const Patch& patch) {
  return weight.add_(fp32(change.tensor).reshape(weight.sizes()) * patch.strength);
}
Tensor changed(const Tensor& weight, const Replacement& change, const Patch&) {
  return change.tensor.to(at::kFloat, false, /*copy=*/true).reshape(weight.sizes()).contiguous();
}
Tensor changed(Tensor weight, const Blend& change, const Patch& patch) {
  weight.mul_(change.keep);
  if (patch.strength == 0) return weight;
  return weight.add_(change.other->get(change.name) * patch.strength);
}
Tensor changed(Tensor weight, const Scale& change, const Patch&) {
  return weight.mul_(change.factor);
}

}  // namespace

Tensor patched(Tensor weight, const Patch& patch) {
  if (!has_effect(patch)) return weight;
  const auto* low_rank = std::get_if<LowRank>(&patch.change);
  if (low_rank && !low_rank->padded.empty()) weight = padded_to(weight, low_rank->padded);
  return std::visit([&](const auto& change) { return changed(std::move(weight), change, patch); },
                    patch.change);
}

}  // namespace heddle::weights
