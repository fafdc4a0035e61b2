#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "nodes/weights/file_kind.h"
#include "nodes/weights/lora.h"
#include "nodes/weights/lora_family.h"
#include "nodes/weights/lora_formats.h"
#include "nodes/weights/lora_names.h"

namespace heddle::weights {
namespace {

using TargetsByName = std::unordered_map<std::string, LoraTarget>;

// A change, and the weight it is for.
struct TargetedChange {
  std::string stem;
  LoraTarget target;
  LoraChange change;
};

class Matcher {
 public:
  Matcher(const TensorFile& lora, const PartShapes& model)
      : lora_(lora), model_(model), targets_(lora_targets(model)) {}

  LoraMatch match() {
    find_changes();
    sort_out_rest();
    check_family();
    check_any();
    leave_out_misfits();
    own_changes();
    return std::move(match_);
  }

 private:
  [[noreturn]] void reject(const std::string& problem) const {
    throw FileError(lora_.name() + ": " + problem);
  }

  void find_changes();
  void read_changes(const std::string& stem, const LoraTarget& target);
  void add(const std::string& stem, LoraTarget target, std::optional<LoraChange> change);
  void sort_out_rest();
  void check_family() const;
  void check_any() const;
  void leave_out_misfits();
  void own_changes();
  void check_finite(const std::string& key) const;
  std::string families() const;

  bool has_side(LoraSide side) const {
    return std::any_of(model_.begin(), model_.end(), [&](const auto& part) {
      return is_text_encoder(part.first) == (side == LoraSide::kText);
    });
  }
  NamesAndShapes unet() const {
    const auto found = model_.find(PartKind::kUNet);
    return found == model_.end() ? NamesAndShapes() : found->second;
  }

  const TensorFile& lora_;
  const PartShapes& model_;
  const TargetsByName targets_;
  std::vector<TargetedChange> changes_;
  std::map<std::pair<PartKind, std::string>, std::string> changed_;  // weight -> stem
  std::set<std::string> claimed_;                                    // keys that belong to a change
  std::vector<std::string> left_out_;  // keys of a side that is not to be patched
  LoraMatch match_;
};

void Matcher::find_changes() {
  std::set<std::string> stems;
  for (const auto& [key, info] : lora_.tensors()) {
    if (auto stem = stem_of(key)) stems.insert(std::move(*stem));
  }
  for (const std::string& stem : stems) {
    const auto target = targets_.find(stem);
    if (target != targets_.end()) read_changes(stem, target->second);
  }
}

void Matcher::read_changes(const std::string& stem, const LoraTarget& target) {
  constexpr std::string_view kWeight = ".weight";
  StemChanges found = read_stem(lora_, stem);
  if (target.weight.empty()) {
    if (found.weight) claimed_.insert(found.weight->keys.begin(), found.weight->keys.end());
    return;
  }
  add(stem, target, std::move(found.weight));
  if (!target.weight.ends_with(kWeight)) return;
  const std::string bias = target.weight.substr(0, target.weight.size() - kWeight.size()) + ".bias";
  if (model_.at(target.part).contains(bias)) add(stem, {target.part, bias}, std::move(found.bias));
}

void Matcher::add(const std::string& stem, LoraTarget target, std::optional<LoraChange> change) {
  if (!change) return;
  const auto [other, is_new] = changed_.emplace(std::pair(target.part, target.weight), stem);
  if (!is_new) {
    reject(in_quotes(other->second) + " and " + in_quotes(stem) + " both change " +
           in_quotes(target.weight) + ": it is unclear which one is meant");
  }
  claimed_.insert(change->keys.begin(), change->keys.end());
  changes_.push_back({stem, std::move(target), std::move(*change)});
}

void Matcher::sort_out_rest() {
  match_.total = lora_.tensors().size();
  match_.matched = claimed_.size();
  for (const auto& [key, info] : lora_.tensors()) {
    if (claimed_.contains(key)) continue;
    (has_side(side_of_key(key)) ? match_.unmatched : left_out_).push_back(key);
  }
  match_.left_out = left_out_.size();
}

// The names that fit nothing tell that a file is for another family; its tensors tell which.
void Matcher::check_family() const {
  std::vector<std::string> keys = match_.unmatched;
  keys.insert(keys.end(), left_out_.begin(), left_out_.end());
  const FamilyGuess model_family = guess_unet_family(unet());
  if (may_be_for(guess_lora_family(keys), model_family)) return;
  reject("this LoRA is for another family of models: " + std::to_string(match_.matched) +
         " of its " + std::to_string(match_.total) + " keys name a weight of the model. " +
         families());
}

void Matcher::check_any() const {
  if (match_.matched > 0) return;
  if (match_.total == 0) reject("it is empty: no tensor is in it");
  const std::string keys = std::to_string(match_.total) + " keys";
  const KindGuess kind = guess_kind(lora_);
  if (kind.kind != FileKind::kLora && !kind.what.empty()) {
    reject("this is " + kind.what + ", not a LoRA");
  }
  if (match_.left_out == match_.total) {
    reject(std::string("all its ") + keys + " are for the " +
           (has_side(LoraSide::kText) ? "U-Net" : "text encoder") + ", which is not patched here");
  }
  reject("none of its " + keys + " names a weight of the model, for example " +
         first_of(match_.unmatched) + ". " + families());
}

void Matcher::leave_out_misfits() {
  std::vector<TargetedChange> fitting;
  size_t misfit_keys = 0;
  for (TargetedChange& change : changes_) {
    const auto& shape = model_.at(change.target.part).at(change.target.weight);
    const auto problem = misfit(change.change.patch, shape);
    if (!problem) {
      fitting.push_back(std::move(change));
      continue;
    }
    match_.misfits.push_back(in_quotes(change.stem) + ": " + *problem + " (" +
                             change.target.weight + ")");
    misfit_keys += change.change.keys.size();
  }
  const bool is_other_family =
      !match_.misfits.empty() &&
      !may_be_for(guess_lora_family_by_tensors(lora_), guess_unet_family(unet()));
  if (match_.misfits.size() > fitting.size() || is_other_family) {
    reject(match_.misfits[0] + "; " + std::to_string(match_.misfits.size()) + " of its " +
           std::to_string(changes_.size()) + " changes do not fit. " + families());
  }
  changes_ = std::move(fitting);
  match_.misfit_keys = misfit_keys;
  match_.matched -= misfit_keys;
}

// "It looks like a LoRA for ... (...); the model is ...". Of a LoRA of unknown family, what little
// is known.
std::string Matcher::families() const {
  const FamilyGuess lora_family = guess_lora_family(lora_);
  std::string text;
  if (!lora_family.name.empty()) {
    text = "It looks like a LoRA for " + lora_family.name + " (" + lora_family.reason +
           "); the model is ";
  } else if (!lora_family.reason.empty()) {
    text =
        "For which family it was made cannot be told (" + lora_family.reason + "); the model is ";
  } else {
    text = "For which family it was made cannot be told; the model is ";
  }
  const FamilyGuess model = guess_unet_family(unet());
  text += model.name.empty() ? family_name(Family::kUnknown) : model.name;
  for (const auto& [name, shape] : unet()) {
    if (!name.ends_with(".attn2.to_k.weight") || shape.size() != 2) continue;
    text += " with a cross-attention " + std::to_string(shape[1]) + " wide";
    break;
  }
  return text + ". Use a LoRA that was made for this kind of model";
}

void Matcher::check_finite(const std::string& key) const {
  const at::Tensor tensor = lora_.tensor(key);
  if (tensor.is_complex()) reject(in_quotes(key) + " holds complex numbers; weights are real");
  if (at::isfinite(tensor.to(at::kFloat)).all().item<bool>()) return;
  reject(in_quotes(key) +
         " holds values that are no finite numbers (NaN or infinite): the file is " +
         "damaged, and would spoil every picture");
}

// Copies: LoRAs are small, and a model must not change, or crash, with a file it was made from.
// Low ranks become fp32 here, so that all networks they are applied to share them.
void Matcher::own_changes() {
  for (TargetedChange& one : changes_) {
    for (const std::string& key : one.change.keys) check_finite(key);
    Patch& patch = one.change.patch;
    const bool is_low_rank = std::holds_alternative<LowRank>(patch.change);
    for (const auto& [name, tensor] : tensors_of(patch)) {
      const auto type = is_low_rank ? at::kFloat : tensor->scalar_type();
      *tensor = tensor->to(type, /*non_blocking=*/false, /*copy=*/true).contiguous();
    }
    match_.patches[one.target.part][one.target.weight].push_back(std::move(patch));
  }
  lora_.check_unchanged();
}

}  // namespace

LoraMatch match_lora(const TensorFile& lora, const PartShapes& model) {
  return Matcher(lora, model).match();
}

}  // namespace heddle::weights
