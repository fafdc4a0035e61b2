#include "nodes/weights/patch.h"

#include <ATen/ATen.h>

#include <array>

#include "nodes/weights/file_error.h"
#include "nodes/weights/patch_math.h"
#include "nodes/weights/patch_shapes.h"

namespace heddle::weights {
namespace {

template <typename Kind>
struct Member {
  const char* name;
  at::Tensor Kind::*tensor;
};

// Which tensors a kind has, by the names that files give them. Kinds without a row have none.
template <typename Kind>
constexpr std::array<Member<Kind>, 0> kMembers = {};
template <>
constexpr Member<LowRank> kMembers<LowRank>[] = {
    {"up", &LowRank::up}, {"down", &LowRank::down}, {"mid", &LowRank::mid}};
template <>
constexpr Member<LoHa> kMembers<LoHa>[] = {{"hada_w1_a", &LoHa::w1_a}, {"hada_w1_b", &LoHa::w1_b},
                                           {"hada_w2_a", &LoHa::w2_a}, {"hada_w2_b", &LoHa::w2_b},
                                           {"hada_t1", &LoHa::t1},     {"hada_t2", &LoHa::t2}};
template <>
constexpr Member<LoKr> kMembers<LoKr>[] = {{"lokr_w1", &LoKr::w1},     {"lokr_w1_a", &LoKr::w1_a},
                                           {"lokr_w1_b", &LoKr::w1_b}, {"lokr_w2", &LoKr::w2},
                                           {"lokr_w2_a", &LoKr::w2_a}, {"lokr_w2_b", &LoKr::w2_b},
                                           {"lokr_t2", &LoKr::t2}};
template <>
constexpr Member<Glora> kMembers<Glora>[] = {
    {"a1", &Glora::a1}, {"a2", &Glora::a2}, {"b1", &Glora::b1}, {"b2", &Glora::b2}};
template <>
constexpr Member<Oft> kMembers<Oft>[] = {{"oft_blocks", &Oft::blocks}};
template <>
constexpr Member<Boft> kMembers<Boft>[] = {{"oft_blocks", &Boft::blocks},
                                           {"rescale", &Boft::rescale}};
template <>
constexpr Member<Difference> kMembers<Difference>[] = {{"diff", &Difference::tensor}};
template <>
constexpr Member<Replacement> kMembers<Replacement>[] = {{"set_weight", &Replacement::tensor}};

constexpr const char* kKindNames[] = {"LoRA", "LoHa",       "LoKr",        "GLoRA", "OFT",
                                      "BOFT", "difference", "replacement", "merge", "factor"};

template <typename Tensor, typename Patch>
std::vector<std::pair<const char*, Tensor*>> defined_tensors(Patch& patch) {
  std::vector<std::pair<const char*, Tensor*>> tensors;
  const auto add = [&](const char* name, Tensor& tensor) {
    if (tensor.defined()) tensors.emplace_back(name, &tensor);
  };
  std::visit(
      [&](auto& change) {
        for (const auto& member : kMembers<std::decay_t<decltype(change)>>) {
          add(member.name, change.*member.tensor);
        }
      },
      patch.change);
  add("dora_scale", patch.dora_scale);
  return tensors;
}

bool has_kernel(const LowRank& change) {
  return change.mid.defined() || (change.down.dim() > 2 && change.down.size(2) > 1);
}

void check_fits(const Patch& patch, const at::Tensor& weight) {
  if (const auto problem = misfit(patch, weight.sizes().vec())) {
    throw FileError(patch.source + ": " + *problem);
  }
}

}  // namespace

const char* kind_name(const Patch& patch) {
  static_assert(std::size(kKindNames) == std::variant_size_v<Change>);
  if (patch.dora_scale.defined()) return "DoRA";
  const auto* low_rank = std::get_if<LowRank>(&patch.change);
  if (low_rank && has_kernel(*low_rank)) return "LoCon";
  return kKindNames[patch.change.index()];
}

std::vector<std::pair<const char*, at::Tensor*>> tensors_of(Patch& patch) {
  return defined_tensors<at::Tensor>(patch);
}

std::vector<std::pair<const char*, const at::Tensor*>> tensors_of(const Patch& patch) {
  return defined_tensors<const at::Tensor>(patch);
}

std::optional<int64_t> rank_of(const Patch& patch) {
  const auto rows = [](const at::Tensor& tensor) { return tensor.dim() ? tensor.size(0) : 0; };
  if (const auto* change = std::get_if<LowRank>(&patch.change)) return rows(change->down);
  if (const auto* change = std::get_if<LoHa>(&patch.change)) return rows(change->w1_b);
  if (const auto* change = std::get_if<Glora>(&patch.change)) {
    return std::min(rows(change->a1), rows(change->a1) ? row_of(change->a1) : 0);
  }
  const auto* change = std::get_if<LoKr>(&patch.change);
  if (!change || (change->w1.defined() && change->w2.defined())) return std::nullopt;
  return rows(change->w2.defined() ? change->w1_b : change->w2_b);
}

at::Tensor apply_patches(const at::Tensor& weight, const std::vector<Patch>& patches) {
  at::Tensor result = weight.clone();
  for (const Patch& patch : patches) {
    check_fits(patch, result);
    result = patched(std::move(result), patch);
  }
  return result;
}

bool has_effect(const Patch& patch) {
  const auto* low_rank = std::get_if<LowRank>(&patch.change);
  return patch.strength != 0 || (low_rank && !low_rank->padded.empty()) ||
         std::holds_alternative<Replacement>(patch.change) ||
         std::holds_alternative<Blend>(patch.change) || std::holds_alternative<Scale>(patch.change);
}

size_t bytes_of(const Patch& patch) {
  size_t bytes = 0;
  for (const auto& [name, tensor] : tensors_of(patch)) bytes += tensor->nbytes();
  return bytes;
}

std::vector<int64_t> patched_shape(std::vector<int64_t> weight, const std::vector<Patch>& patches) {
  for (const Patch& patch : patches) {
    const auto* low_rank = std::get_if<LowRank>(&patch.change);
    if (low_rank && !low_rank->padded.empty()) weight = low_rank->padded;
  }
  return weight;
}

std::shared_ptr<const Patches> with_patches(const std::shared_ptr<const Patches>& base,
                                            const Patches& added, double strength) {
  auto patches = std::make_shared<Patches>(base ? *base : Patches());
  bool changed = false;
  for (const auto& [name, changes] : added) {
    for (Patch change : changes) {
      change.strength *= strength;
      if (!has_effect(change)) continue;
      (*patches)[name].push_back(std::move(change));
      changed = true;
    }
  }
  return changed ? patches : base;
}

}  // namespace heddle::weights
