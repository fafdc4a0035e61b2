// A LoRA out of the difference of two models: each change of a weight as a product of two thin
// matrices.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>

#include "nodes/diffusion/weights.h"
#include "nodes/weights/safetensors_write.h"

namespace heddle::weights {

/// up @ down, [out, rank] and [rank, in], fp32.
struct Factors {
  at::Tensor up, down;
};
/// The product of at most `rank` that is nearest to `matrix` (Eckart and Young 1936): the squared
/// error is the sum of the squares of the singular values left out. Both factors have columns and
/// rows of the same lengths, so that neither gets too small for F16. The rank is smaller where the
/// matrix has fewer singular values that are not rounding noise, 0 for zeros.
Factors nearest_product(const at::Tensor& matrix, int64_t rank);

struct ExtractOptions {
  int64_t rank = 8;
  bool whole = false;  // the differences themselves instead of products
  bool biases = true;  // those of biases too, and of norms
};

/// The tensors of a LoRA file that makes `difference` of nothing, in F16: for each weight the stem
/// `prefix` + name without ".weight", with .lora_up.weight and .lora_down.weight, or .diff where it
/// is no matrix; .diff_b for biases. Products are computed here, and differences of zero left out
/// of them; whole differences are read when they are written. `before_each` is called with the
/// number of weights done and of all. FileError, here or while writing, if a difference is not
/// finite.
TensorsToWrite extracted_lora(const std::shared_ptr<const diffusion::Weights>& difference,
                              const std::string& prefix, const ExtractOptions& options,
                              const std::function<void(int done, int total)>& before_each);

}  // namespace heddle::weights
