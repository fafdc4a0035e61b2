#include "nodes/weights/part_weights.h"

#include <ATen/ATen.h>

namespace heddle::weights {
namespace {

at::Tensor rounded(const at::Tensor& weight, Rounding rounding) {
  switch (rounding) {
    case Rounding::kNone:
      break;
    case Rounding::kFp16:
      return weight.to(at::kHalf);
    case Rounding::kFp8E4m3:
      return weight.to(at::kFloat8_e4m3fn);
    case Rounding::kFp8E5m2:
      return weight.to(at::kFloat8_e5m2);
  }
  return weight;
}

// A view of what the network means in what the file has.
at::Tensor view_of(const at::Tensor& in_file, const Source& source) {
  at::Tensor view = in_file;
  if (source.third != Source::kAllRows) {
    const int64_t rows = view.size(0) / 3;
    view = view.narrow(0, source.third * rows, rows);
  }
  if (source.transposed) view = view.t();
  if (source.pointwise) view = view.unsqueeze(-1).unsqueeze(-1);
  return view;
}

// Holds names but no tensor of the file: a network reads each weight once and keeps it in its own
// form.
class FileWeights final : public diffusion::Weights {
 public:
  FileWeights(std::shared_ptr<const TensorFile> file, Part part, Rounding rounding)
      : file_(std::move(file)), part_(std::move(part)), rounding_(rounding) {}

  std::optional<diffusion::Shape> shape(const std::string& name) const override {
    const auto found = part_.naming.sources.find(name);
    if (found == part_.naming.sources.end()) return std::nullopt;
    return found->second.shape(file_->tensors().at(found->second.key).shape);
  }

  at::Tensor get(const std::string& name) const override {
    const auto source = part_.naming.sources.find(name);
    if (source == part_.naming.sources.end()) {
      throw FileError(file_->name() + ": there is no tensor " + in_quotes(part_.file_name(name)));
    }
    return read_tensor(*file_, source->second, rounding_);
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, source] : part_.naming.sources) names.push_back(name);
    return names;
  }

 private:
  std::shared_ptr<const TensorFile> file_;
  Part part_;
  Rounding rounding_;
};

}  // namespace

at::Tensor read_tensor(const TensorFile& file, const Source& source, Rounding rounding) {
  const at::Tensor in_file = file.tensor(source.key);
  if (in_file.is_complex()) {
    throw FileError(file.name() + ": tensor " + in_quotes(source.key) +
                    " holds complex numbers; weights are real");
  }
  const at::Tensor view = view_of(in_file, source);
  at::Tensor weight = at::empty(view.sizes(), at::kFloat);
  weight.copy_(rounded(view, rounding));
  file.check_unchanged();
  return weight;
}

std::shared_ptr<const diffusion::Weights> part_weights(std::shared_ptr<const TensorFile> file,
                                                       const Part& part, Rounding rounding) {
  return std::make_shared<const FileWeights>(std::move(file), part, rounding);
}

}  // namespace heddle::weights
