#include <ATen/ATen.h>

#include "nodes/weights/checkpoint.h"

namespace heddle::weights {
namespace {

// Holds names and patches but no tensor of the file: a network reads each weight once and keeps it
// in its own form.
class FileWeights final : public diffusion::Weights {
 public:
  FileWeights(std::shared_ptr<const TensorFile> file, Part part, bool half,
              std::shared_ptr<const Patches> patches)
      : file_(std::move(file)), part_(std::move(part)), half_(half), patches_(std::move(patches)) {}

  std::optional<diffusion::Shape> shape(const std::string& name) const override {
    const auto found = part_.names.find(name);
    if (found == part_.names.end()) return std::nullopt;
    return file_->tensors().at(found->second).shape;
  }

  at::Tensor get(const std::string& name) const override {
    const at::Tensor weight = read(name);
    const auto found = patches_ ? patches_->find(name) : Patches::const_iterator();
    if (!patches_ || found == patches_->end()) return weight;
    const at::Tensor patched = apply_patches(weight, found->second);
    return half_ ? patched.to(at::kHalf).to(at::kFloat) : patched;
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, key] : part_.names) names.push_back(name);
    return names;
  }

 private:
  // fp32, by way of fp16 if `half_`; never a view into the file.
  at::Tensor read(const std::string& name) const {
    const at::Tensor view = file_->tensor(part_.file_name(name));
    if (view.is_complex()) {
      throw FileError(file_->name() + ": tensor " + in_quotes(part_.file_name(name)) +
                      " holds complex numbers; weights are real");
    }
    const at::Tensor kept = half_ ? view.to(at::kHalf) : view;
    at::Tensor weight = kept.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
    file_->check_unchanged();
    return weight;
  }

  std::shared_ptr<const TensorFile> file_;
  Part part_;
  bool half_;
  std::shared_ptr<const Patches> patches_;
};

}  // namespace

std::shared_ptr<const diffusion::Weights> part_weights(std::shared_ptr<const TensorFile> file,
                                                       const Part& part, bool half,
                                                       std::shared_ptr<const Patches> patches) {
  return std::make_shared<const FileWeights>(std::move(file), part, half, std::move(patches));
}

}  // namespace heddle::weights
