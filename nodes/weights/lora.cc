#include "nodes/weights/lora.h"

#include <ATen/ATen.h>

#include "nodes/weights/lora_shapes.h"

namespace heddle::weights {
namespace {

std::vector<int64_t> shape_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.sizes().vec() : std::vector<int64_t>();
}

void check_fits(const Patch& patch, const at::Tensor& weight) {
  const LoraShapes shapes{shape_of(patch.up), shape_of(patch.down), shape_of(patch.mid)};
  if (const auto problem = misfit(shapes, shape_of(weight))) {
    throw FileError(patch.source + ": " + *problem);
  }
}

// [rank, in, kernel...] flattened to two dimensions, where the kernel is in `mid`:
// down'[o, c, k] = sum over i of mid[o, i, k] * down[i, c].
at::Tensor full_down(const Patch& patch) {
  const at::Tensor down = patch.down.to(at::kFloat).flatten(1);  // [i, c]
  if (!patch.mid.defined()) return down;
  const at::Tensor mid = patch.mid.to(at::kFloat).flatten(2);                   // [o, i, k]
  const at::Tensor product = at::mm(down.t(), mid.transpose(0, 1).flatten(1));  // [c, o * k]
  return product.reshape({down.size(1), mid.size(0), mid.size(2)}).transpose(0, 1).flatten(1);
}

double scale_of(const Patch& patch) {
  const double rank = double(patch.down.size(0));
  return patch.strength * (patch.alpha ? *patch.alpha / rank : 1.0);
}

at::Tensor change_of(const Patch& patch, const at::Tensor& weight) {
  const at::Tensor up = patch.up.to(at::kFloat).flatten(1);
  // Scaled, then added: one fused step would round differently.
  return at::mm(up, full_down(patch)).reshape(weight.sizes()).mul_(scale_of(patch));
}

}  // namespace

at::Tensor apply_patches(const at::Tensor& weight, const std::vector<Patch>& patches) {
  at::Tensor patched = weight.clone();
  for (const Patch& patch : patches) {
    check_fits(patch, weight);
    if (patch.strength != 0) patched.add_(change_of(patch, weight));
  }
  return patched;
}

std::shared_ptr<const Patches> with_patches(const std::shared_ptr<const Patches>& base,
                                            const Patches& added, double strength) {
  auto patches = std::make_shared<Patches>(base ? *base : Patches());
  for (const auto& [name, changes] : added) {
    std::vector<Patch>& all = (*patches)[name];
    for (const Patch& change : changes) {
      all.push_back(change);
      all.back().strength = strength;
    }
  }
  return patches;
}

}  // namespace heddle::weights
