// Golden numbers and made-up checkpoints for tests. Files are trusted here; the program's own readers are in nodes/.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "nodes/diffusion/weights.h"

namespace heddle::test {

using Tensors = std::map<std::string, at::Tensor>;

/// tests/golden/`name`.
std::filesystem::path golden_path(const std::string& name);
nlohmann::json golden_json(const std::string& name);
Tensors golden_tensors(const std::string& name);

/// The tensors that a spec in tests/golden/checkpoints or tests/golden/lora/files describes (the formula is in the .cc).
Tensors make_tensors(const nlohmann::json& spec);

/// Writes them as a safetensors file, laid out in the order of the spec, metadata included.
void write_checkpoint(const std::string& golden_spec, const std::filesystem::path& path);

/// Weights out of a map: names with `prefix` in front, to fp32 by way of fp16 if `half`.
class MapWeights final : public diffusion::Weights {
 public:
  MapWeights(Tensors tensors, std::string prefix, bool half = false)
      : tensors_(std::move(tensors)), prefix_(std::move(prefix)), half_(half) {}
  std::optional<diffusion::Shape> shape(const std::string& name) const override;
  at::Tensor get(const std::string& name) const override;
  std::vector<std::string> names() const override;

 private:
  Tensors tensors_;
  std::string prefix_;
  bool half_;
};

/// The largest absolute difference, infinity if shapes differ or one side is NaN where the other is not.
double max_difference(const at::Tensor& a, const at::Tensor& b);

/// Gives `difference` back. Where $HEDDLE_GOLDEN_REPORT names a file, the largest share of `allowed` that was seen in
/// each group is appended to it at the end: the figures of tests/golden/README.md.
double measured(const std::string& group, double difference, double allowed);

}  // namespace heddle::test
