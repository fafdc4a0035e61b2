// Shapes of the products that changes are made of, without computing any.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "nodes/weights/patch.h"

namespace heddle::weights {

/// The shape of a @ b, or with a core t of [i, j, k, l] that of a^T t b: [p, r, k, l]. Nothing if
/// they do not fit together. `t` may be undefined.
std::optional<std::vector<int64_t>> product_shape(const at::Tensor& a, const at::Tensor& b,
                                                  const at::Tensor& t);

enum class GloraLayout { kNew, kOld };
/// Which layout fits a weight; nothing if neither does.
std::optional<GloraLayout> glora_layout(const Glora& glora, const std::vector<int64_t>& weight);

/// Elements of one row ([out, row]) of a tensor.
int64_t row_of(const at::Tensor& tensor);

}  // namespace heddle::weights
