#include "nodes/diffusion/batch.h"

#include <ATen/ATen.h>

namespace heddle::diffusion {

at::Tensor repeat_to_batch(const at::Tensor& x, int64_t count, int64_t dimension) {
  if (x.size(dimension) == count) return x;
  const at::Tensor source = at::arange(count, at::kLong).remainder(x.size(dimension));
  return x.index_select(dimension, source);
}

}  // namespace heddle::diffusion
