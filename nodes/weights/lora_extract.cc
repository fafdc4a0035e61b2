#include "nodes/weights/lora_extract.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string_view>

namespace heddle::weights {
namespace {

// Singular values below this part of the largest are what fp32 weights leave of a difference.
constexpr double kNoise = 1e-6;

// REQUIRES: no more rows than columns.
// The left singular vectors are the eigenvectors of A A^T. Squaring loses half of the digits, and
// in fp64 half of them are as many as an fp32 matrix has.
Factors nearest_to_wide(const at::Tensor& matrix, int64_t rank) {
  const at::Tensor a = matrix.to(at::kDouble);
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(at::mm(a, a.t())));  // ascending
  const int64_t most = std::min(rank, a.size(0));
  const at::Tensor up = vectors.narrow(1, a.size(0) - most, most).flip(1);
  const at::Tensor down = at::mm(up.t(), a);  // rows as long as the singular values
  const at::Tensor lengths = at::linalg_vector_norm(down, 2, at::IntArrayRef{1});
  const int64_t kept = (lengths > kNoise * lengths.max()).sum().item<int64_t>();
  const at::Tensor roots = lengths.narrow(0, 0, kept).sqrt();
  return {(up.narrow(1, 0, kept) * roots).to(at::kFloat),
          (down.narrow(0, 0, kept) / roots.unsqueeze(1)).to(at::kFloat)};
}

TensorToWrite half(const at::Tensor& tensor) {
  const at::Tensor kept = tensor.to(at::kHalf);
  return {at::kHalf, kept.sizes().vec(), [kept] { return kept; }};
}

// [out, rank, 1, 1] and [rank, in, kernel...] of a convolution.
void add_product(TensorsToWrite& tensors, const std::string& stem, const at::Tensor& difference,
                 int64_t rank) {
  Factors factors = nearest_product(difference.flatten(1), rank);
  std::vector<int64_t> up = factors.up.sizes().vec(), down = difference.sizes().vec();
  if (up[1] == 0) return;
  down[0] = up[1];
  up.resize(down.size(), 1);
  tensors.emplace(stem + ".lora_up.weight", half(factors.up.reshape(up)));
  tensors.emplace(stem + ".lora_down.weight", half(factors.down.reshape(down)));
}

at::Tensor finite(const diffusion::Weights& difference, const std::string& name) {
  const at::Tensor value = difference.get(name);
  if (value.isfinite().all().item<bool>()) return value;
  throw FileError("the difference of " + in_quotes(name) +
                  " is not finite: one of the models is damaged");
}

class Extraction {
 public:
  Extraction(std::shared_ptr<const diffusion::Weights> difference, const std::string& prefix,
             const ExtractOptions& options)
      : difference_(std::move(difference)), prefix_(prefix), options_(options) {}

  void add(const std::string& name) {
    const bool is_bias = name.ends_with(kBias), is_weight = name.ends_with(kWeight);
    if (!is_bias && !is_weight) return;
    const std::string stem = prefix_ + name.substr(0, name.rfind('.'));
    const bool is_matrix = is_weight && difference_->shape(name)->size() > 1;
    if (is_matrix && !options_.whole) {
      add_product(tensors_, stem, finite(*difference_, name), options_.rank);
    } else if (options_.biases || (is_weight && options_.whole)) {
      add_difference(stem + (is_bias ? ".diff_b" : ".diff"), name);
    }
  }
  TensorsToWrite take() { return std::move(tensors_); }

 private:
  static constexpr std::string_view kWeight = ".weight", kBias = ".bias";

  void add_difference(const std::string& key, const std::string& name) {
    if (options_.whole) {
      const auto read = [difference = difference_, name] {
        return finite(*difference, name).to(at::kHalf);
      };
      tensors_.emplace(key, TensorToWrite{at::kHalf, *difference_->shape(name), read});
      return;
    }
    const at::Tensor value = finite(*difference_, name);
    if (value.count_nonzero().item<int64_t>() > 0) tensors_.emplace(key, half(value));
  }

  const std::shared_ptr<const diffusion::Weights> difference_;
  const std::string& prefix_;
  const ExtractOptions& options_;
  TensorsToWrite tensors_;
};

}  // namespace

Factors nearest_product(const at::Tensor& matrix, int64_t rank) {
  if (matrix.size(0) <= matrix.size(1)) return nearest_to_wide(matrix, rank);
  const Factors turned = nearest_to_wide(matrix.t(), rank);
  return {turned.down.t().contiguous(), turned.up.t().contiguous()};
}

TensorsToWrite extracted_lora(const std::shared_ptr<const diffusion::Weights>& difference,
                              const std::string& prefix, const ExtractOptions& options,
                              const std::function<void(int, int)>& before_each) {
  Extraction extraction(difference, prefix, options);
  const std::vector<std::string> names = difference->names();
  for (size_t i = 0; i < names.size(); ++i) {
    before_each(int(i), int(names.size()));
    extraction.add(names[i]);
  }
  return extraction.take();
}

}  // namespace heddle::weights
