// Where a network takes its weights from. Networks ask by name and never know whether a file, a LoRA or a test
// answers; shapes can be asked without reading any data, so a network's layout is known before it is built.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "nodes/diffusion/low_rank.h"

namespace heddle::diffusion {

using at::Tensor;
using Shape = std::vector<int64_t>;

class Weights {
 public:
  virtual ~Weights() = default;

  /// The shape of tensor `name`, or nothing if there is no such tensor.
  virtual std::optional<Shape> shape(const std::string& name) const = 0;

  /// Tensor `name` as contiguous fp32 on the CPU, with all changes but those that beside() gives. Safe to call from
  /// several threads. Throws std::runtime_error that names the tensor if there is none.
  virtual Tensor get(const std::string& name) const = 0;

  /// Changes of the weight `name` of a linear or convolutional layer that its layer is to add. Their shapes fit the
  /// weight's; none for every other tensor.
  virtual std::vector<LowRankTerm> beside(const std::string& /*name*/) const { return {}; }

  /// Every name, sorted.
  virtual std::vector<std::string> names() const = 0;
};

}  // namespace heddle::diffusion
