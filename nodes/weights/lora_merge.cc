#include "nodes/weights/lora_merge.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "nodes/weights/lora_extract.h"
#include "nodes/weights/lora_family.h"
#include "nodes/weights/lora_formats.h"
#include "nodes/weights/lora_naming.h"

namespace heddle::weights {
namespace {

// What the files do to one weight, each at the strength of its file.
using Parts = std::vector<Patch>;

struct StemParts {
  Parts weight, bias;
};
using ByStem = std::map<std::string, StemParts>;

[[noreturn]] void reject(const Patch& part, const std::string& problem) {
  throw FileError(part.source + " " + problem);
}

bool is_low_rank(const Patch& part) { return std::holds_alternative<LowRank>(part.change); }
bool is_difference(const Patch& part) {
  return std::holds_alternative<Difference>(part.change);
}
bool all_are(const Parts& parts, bool (*kind)(const Patch&)) {
  return std::all_of(parts.begin(), parts.end(), kind);
}

// A sum of changes is a change of its own only if none of them looks at the weight.
void check_independent(const Patch& part) {
  const auto* low_rank = std::get_if<LowRank>(&part.change);
  const bool is_sum = std::holds_alternative<LoHa>(part.change) ||
                      std::holds_alternative<LoKr>(part.change) || is_difference(part) ||
                      (low_rank && low_rank->padded.empty());
  if (is_sum && !part.dora_scale.defined()) return;
  reject(part, std::string("is of the kind ") + kind_name(part) +
                   ", whose effect depends on the weights it is put on, so no LoRA can stand for "
                   "it. Put it on a model and extract the difference with LoraSave");
}

// Throws for what no arithmetic can be done with.
void check_tensors(const Patch& part) {
  const int64_t fewest = is_difference(part) ? 1 : 2;
  for (const auto& [name, tensor] : tensors_of(part)) {
    if (tensor->dim() < fewest || tensor->numel() == 0) {
      reject(part, std::string("has ") + name + " of shape " + shape_text(tensor->sizes()) +
                       ": the file is damaged");
    }
    if (!tensor->to(at::kFloat).isfinite().all().item<bool>()) {
      reject(part, std::string("has values in ") + name + " that are not finite: the file is damaged");
    }
  }
}

// --- products

// [out, rank] with the scale in it, and [rank, in * kernel].
Factors scaled_factors(const Patch& part) {
  const auto& change = std::get<LowRank>(part.change);
  at::Tensor down = change.down.to(at::kFloat).flatten(1);
  if (change.mid.defined()) {
    if (change.mid.dim() < 3 || change.mid.size(1) != down.size(0)) {
      reject(part, "has mid " + shape_text(change.mid.sizes()) + " and down " +
                       shape_text(change.down.sizes()) + ", which do not fit each other");
    }
    down = at::einsum("oik,ic->ock", {change.mid.to(at::kFloat).flatten(2), down}).flatten(1);
  }
  const double rank = double(change.down.size(0));
  const double scale = part.strength * (part.alpha ? *part.alpha / rank : 1.0);
  return {change.up.to(at::kFloat).flatten(1) * scale, down};
}

Factors side_by_side(const Parts& parts) {
  std::vector<at::Tensor> ups, downs;
  for (const Patch& part : parts) {
    Factors factors = scaled_factors(part);
    const bool chained = factors.up.size(1) == factors.down.size(0);
    if (!chained || (!ups.empty() && (factors.up.size(0) != ups[0].size(0) ||
                                      factors.down.size(1) != downs[0].size(1)))) {
      reject(part, "is " + shape_text(factors.up.sizes()) + " x " + shape_text(factors.down.sizes()) +
                       (chained ? ", where " + parts[0].source + " is " +
                                      shape_text(ups[0].sizes()) + " x " +
                                      shape_text(downs[0].sizes()) +
                                      ": these are not changes of the same weight"
                                : ": its two matrices do not fit each other"));
    }
    ups.push_back(std::move(factors.up));
    downs.push_back(std::move(factors.down));
  }
  return {at::cat(ups, 1), at::cat(downs, 0)};
}

// In the type of `model` if every value survives it.
at::Tensor in_type(const at::Tensor& value, const at::Tensor& model) {
  const at::Tensor kept = value.to(model.scalar_type());
  return at::equal(kept.to(at::kFloat), value) ? kept : value;
}

// Kernels as the first file has them.
std::vector<int64_t> shape_of_row(const Patch& part) {
  const auto* change = std::get_if<LowRank>(&part.change);
  if (!change) return {};
  const auto& kernel = change->mid.defined() ? change->mid : change->down;
  std::vector<int64_t> row{change->down.size(1)};
  for (int64_t i = 2; i < kernel.dim(); ++i) row.push_back(kernel.size(i));
  return row;
}

// --- whole differences

at::Tensor whole(const Patch& part, const std::vector<int64_t>& shape) {
  return apply_patches(at::zeros(shape), {part});
}

// Of the weight as a matrix, as far as the change tells.
std::vector<int64_t> matrix_shape(const Patch& part) {
  const auto rows_of = [](const at::Tensor& whole, const at::Tensor& a) {
    return (whole.defined() ? whole : a).size(0);
  };
  const auto row_of = [](const at::Tensor& whole, const at::Tensor& b) {
    const at::Tensor& matrix = whole.defined() ? whole : b;
    return matrix.numel() / matrix.size(0);
  };
  const Change& change = part.change;
  if (const auto* lora = std::get_if<LowRank>(&change)) {
    const auto row = shape_of_row(part);
    return {lora->up.size(0), c10::multiply_integers(row)};
  }
  if (const auto* loha = std::get_if<LoHa>(&change)) {
    if (!loha->t1.defined()) return {loha->w1_a.size(0), row_of({}, loha->w1_b)};
    return {loha->w1_a.size(1), loha->w1_b.size(1) * loha->t1.size(2) * loha->t1.size(3)};
  }
  if (const auto* lokr = std::get_if<LoKr>(&change)) {
    const int64_t kernel = lokr->t2.defined() ? lokr->t2.size(2) * lokr->t2.size(3) : 1;
    const int64_t rows2 = lokr->t2.defined() ? lokr->w2_a.size(1) : rows_of(lokr->w2, lokr->w2_a);
    return {rows_of(lokr->w1, lokr->w1_a) * rows2,
            row_of(lokr->w1, lokr->w1_b) * row_of(lokr->w2, lokr->w2_b) * kernel};
  }
  const at::Tensor& tensor = std::get<Difference>(change).tensor;
  return {tensor.size(0), tensor.numel() / tensor.size(0)};
}

at::Tensor sum(const Parts& parts, const std::vector<int64_t>& shape) {
  at::Tensor total = at::zeros(shape);
  for (const Patch& part : parts) total.add_(whole(part, shape));
  return total;
}

class Merger {
 public:
  Merger(const std::vector<LoraToMerge>& loras, std::optional<int64_t> rank)
      : loras_(loras), rank_(rank) {}

  MergedLora merge(const std::function<void(int, int)>& before_each) {
    check_families();
    for (const LoraToMerge& lora : loras_) read(lora);
    int done = 0;
    for (const auto& [stem, parts] : stems_) {
      before_each(done++, int(stems_.size()));
      add_weight(stem, parts.weight);
      if (!parts.bias.empty()) add_difference(stem + ".diff_b", parts.bias);
    }
    if (merged_.tensors.empty()) throw FileError("these LoRAs change nothing: nothing to merge");
    return std::move(merged_);
  }

 private:
  void check_families() const;
  void read(const LoraToMerge& lora);
  void check_naming(const TensorFile& file, const std::string& stem);
  void add_weight(const std::string& stem, const Parts& parts);
  void add_difference(const std::string& key, const Parts& parts);
  void add_product(const std::string& stem, const Parts& parts, Factors factors, bool exact);
  void add(const std::string& key, const at::Tensor& value, const std::vector<int64_t>& shape);

  const std::vector<LoraToMerge>& loras_;
  const std::optional<int64_t> rank_;
  ByStem stems_;
  std::map<std::string, std::pair<std::string, std::string>> namings_;  // network -> form, file
  MergedLora merged_;
};

void Merger::check_families() const {
  const TensorFile& first = *loras_.front().file;
  const FamilyGuess family = guess_lora_family(first);
  for (const LoraToMerge& lora : loras_) {
    const FamilyGuess other = guess_lora_family(*lora.file);
    if (may_be_for(other, family) || may_be_for(family, other)) continue;
    throw FileError(first.name() + " is for " + family.name + " and " + lora.file->name() +
                    " for " + other.name + "; only LoRAs of one family can be merged");
  }
}

void Merger::read(const LoraToMerge& lora) {
  std::set<std::string> stems, read;
  for (const auto& [key, info] : lora.file->tensors()) {
    if (auto stem = stem_of(key)) stems.insert(std::move(*stem));
  }
  const auto take = [&](std::optional<LoraChange>& change, Parts& parts) {
    if (!change) return;
    read.insert(change->keys.begin(), change->keys.end());
    change->patch.strength = lora.strength;
    parts.push_back(std::move(change->patch));
    check_independent(parts.back());
    check_tensors(parts.back());
  };
  for (const std::string& stem : stems) {
    StemChanges changes = read_stem(*lora.file, stem);
    if (!changes.weight && !changes.bias) continue;
    check_naming(*lora.file, stem);
    take(changes.weight, stems_[stem].weight);
    take(changes.bias, stems_[stem].bias);
  }
  for (const auto& [key, info] : lora.file->tensors()) {
    if (!read.contains(key)) merged_.left_out.push_back(lora.file->name() + ": " + in_quotes(key));
  }
}

// The same weight under two stems would be changed twice, or not at all.
void Merger::check_naming(const TensorFile& file, const std::string& stem) {
  const LoraNaming naming = naming_of(stem);
  const auto [known, is_new] = namings_.emplace(naming.network, std::pair(naming.form, file.name()));
  if (is_new || known->second.first == naming.form) return;
  throw FileError(known->second.second + " names weights of the " + naming.network + " as " +
                  in_quotes(known->second.first + "...") + " and " + file.name() + " as " +
                  in_quotes(naming.form + "...") +
                  ": only LoRAs of one naming can be merged. Put them on a model and extract the "
                  "difference with LoraSave");
}

void Merger::add_weight(const std::string& stem, const Parts& parts) {
  if (parts.empty()) return;
  if (all_are(parts, is_difference)) return add_difference(stem + ".diff", parts);
  if (all_are(parts, is_low_rank)) {
    Factors factors = side_by_side(parts);
    const bool exact = !rank_ || factors.up.size(1) <= *rank_;
    if (!exact) factors = nearest_product(at::mm(factors.up, factors.down), *rank_);
    return add_product(stem, parts, std::move(factors), exact);
  }
  if (!rank_) {
    reject(parts.front(), std::string("is of the kind ") + kind_name(parts.front()) +
                              ", and cannot be put beside other changes; merge by svd instead");
  }
  add_product(stem, parts, nearest_product(sum(parts, matrix_shape(parts.front())), *rank_), false);
}

void Merger::add_product(const std::string& stem, const Parts& parts, Factors factors, bool exact) {
  const int64_t rank = factors.up.size(1);
  if (rank == 0) return;
  std::vector<int64_t> up{factors.up.size(0), rank}, down{rank};
  const std::vector<int64_t> row = shape_of_row(parts.front());
  if (row.empty()) {
    down.push_back(factors.down.size(1));
  } else {
    down.insert(down.end(), row.begin(), row.end());
    up.resize(down.size(), 1);
  }
  const auto* first = std::get_if<LowRank>(&parts.front().change);
  factors.up = exact ? in_type(factors.up, first->up) : factors.up.to(at::kHalf);
  factors.down = exact ? in_type(factors.down, first->down) : factors.down.to(at::kHalf);
  add(stem + ".lora_up.weight", factors.up, up);
  add(stem + ".lora_down.weight", factors.down, down);
  add(stem + ".alpha", at::full({}, double(rank), at::kFloat), {});
}

void Merger::add_difference(const std::string& key, const Parts& parts) {
  const at::Tensor& first = std::get<Difference>(parts.front().change).tensor;
  const std::vector<int64_t> shape = first.sizes().vec();
  add(key, in_type(sum(parts, shape), first), shape);
}

void Merger::add(const std::string& key, const at::Tensor& value,
                 const std::vector<int64_t>& shape) {
  const at::Tensor written = value.reshape(shape).contiguous();
  merged_.tensors.emplace(
      key, TensorToWrite{written.scalar_type(), shape, [written] { return written; }});
}

}  // namespace

MergedLora merge_loras(const std::vector<LoraToMerge>& loras, std::optional<int64_t> rank,
                       const std::function<void(int, int)>& before_each) {
  return Merger(loras, rank).merge(before_each);
}

}  // namespace heddle::weights
