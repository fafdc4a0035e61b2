#include "nodes/diffusion/embedding.h"

#include <ATen/ATen.h>

#include <sstream>
#include <stdexcept>

namespace heddle::diffusion {
namespace {

using NamedTensor = std::pair<std::string, at::Tensor>;

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw std::runtime_error("embedding \"" + name + "\": " + what);
}

template <typename Matches>
NamedTensors tensors_where(const NamedTensors& tensors, Matches matches) {
  NamedTensors chosen;
  for (const NamedTensor& tensor : tensors) {
    if (matches(tensor.first, tensor.second)) chosen.push_back(tensor);
  }
  return chosen;
}

NamedTensors bundled(const NamedTensors& tensors, const std::string& suffix) {
  return tensors_where(tensors, [&](const std::string& key, const at::Tensor&) {
    return key.starts_with("bundle_emb.") && key.ends_with(suffix);
  });
}

// The tensors that together are the rows. Never empty.
NamedTensors choose(const NamedTensors& tensors, const std::string& name, const EmbeddingUse& use) {
  if (tensors.empty()) fail(name, "the file has no tensors");
  for (const NamedTensor& tensor : tensors) {
    if (tensor.first.starts_with("string_to_param.")) return {tensor};
  }
  if (tensors[0].first.starts_with("[")) {
    NamedTensors chosen = tensors_where(tensors, [&](const std::string&, const at::Tensor& tensor) {
      return tensor.dim() > 0 && tensor.size(-1) == use.width;
    });
    if (!chosen.empty()) return chosen;
    fail(name, "no tensor of its list is " + std::to_string(use.width) + " wide");
  }
  for (const NamedTensor& tensor : tensors) {
    if (tensor.first == use.key) return {tensor};
  }
  if (NamedTensors chosen = bundled(tensors, ".string_to_param.*"); !chosen.empty()) return chosen;
  if (NamedTensors chosen = bundled(tensors, "." + use.key); !chosen.empty()) return chosen;
  return {tensors[0]};
}

// [width] or [N, width] to [N, width] fp32.
at::Tensor as_rows(const NamedTensor& tensor, const std::string& name) {
  const auto& [key, rows] = tensor;
  if (rows.dim() != 1 && rows.dim() != 2) {
    std::ostringstream message;
    message << "tensor \"" << key << "\" has shape " << rows.sizes()
            << "; expected [rows, width] or [width]";
    fail(name, message.str());
  }
  if (rows.numel() == 0) fail(name, "tensor \"" + key + "\" is empty");
  const at::Tensor numbers = rows.to(at::kFloat);
  if (!at::isfinite(numbers).all().item<bool>()) {
    fail(name, "tensor \"" + key + "\" holds NaN or infinity; its training went wrong");
  }
  return (rows.dim() == 1 ? numbers.unsqueeze(0) : numbers).contiguous();
}

}  // namespace

Embedding pick_embedding(const NamedTensors& tensors, const std::string& name,
                         const EmbeddingUse& use) {
  std::vector<at::Tensor> parts;
  for (const NamedTensor& tensor : choose(tensors, name, use)) {
    parts.push_back(as_rows(tensor, name));
    if (parts.back().size(1) != parts[0].size(1)) fail(name, "its tensors are of different widths");
  }
  const at::Tensor rows = at::cat(parts);
  return {name, rows, rows.size(1) == use.width};
}

}  // namespace heddle::diffusion
