#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "nodes/weights/file_kind.h"
#include "nodes/weights/lora.h"
#include "nodes/weights/lora_family.h"
#include "nodes/weights/lora_formats.h"
#include "nodes/weights/lora_names.h"
#include "nodes/weights/lora_shapes.h"

namespace heddle::weights {
namespace {

using Targets = std::unordered_map<std::string, LoraTarget>;

// One change as it stands in the file: the keys of its tensors ("" for those it lacks) and the
// weight it is for.
struct Change {
  std::string stem, up, down, mid, alpha;
  LoraTarget target;
};

class Matcher {
 public:
  Matcher(const TensorFile& lora, const PartShapes& model)
      : lora_(lora), model_(model), targets_(lora_targets(model)) {}

  LoraMatch match() {
    find_changes();
    sort_out_rest();
    check_formats();
    check_family();
    check_any();
    check_shapes();
    read_changes();
    return std::move(match_);
  }

 private:
  [[noreturn]] void reject(const std::string& problem) const {
    throw FileError(lora_.name() + ": " + problem);
  }

  void find_changes();
  Change change_of(const LoraStem& stem, const std::string& up_key, const LoraTarget& target);
  std::string claim(const std::string& key);
  void sort_out_rest();
  void check_formats() const;
  void check_family() const;
  void check_any() const;
  void check_shapes() const;
  void read_changes();
  Patch read(const Change& change) const;
  std::optional<double> read_alpha(const std::string& key) const;
  std::string families(const FamilyGuess& lora_family) const;

  bool has_side(LoraSide side) const {
    return std::any_of(model_.begin(), model_.end(), [&](const auto& part) {
      return is_text_encoder(part.first) == (side == LoraSide::kText);
    });
  }
  NamesAndShapes unet() const {
    const auto found = model_.find(PartKind::kUNet);
    return found == model_.end() ? NamesAndShapes() : found->second;
  }
  const std::vector<int64_t>& shape_of_key(const std::string& key) const {
    return lora_.tensors().at(key).shape;
  }
  const std::vector<int64_t>& shape_of_weight(const LoraTarget& target) const {
    return model_.at(target.part).at(target.weight);
  }

  const TensorFile& lora_;
  const PartShapes& model_;
  const Targets targets_;
  std::vector<Change> changes_;
  std::set<std::string> claimed_;      // keys that belong to a change
  std::vector<std::string> left_out_;  // keys of a side that is not to be patched
  LoraMatch match_;
};

void Matcher::find_changes() {
  std::map<std::string, std::string> changed;  // weight -> stem
  for (const auto& [key, info] : lora_.tensors()) {
    const auto stem = split_up_key(key);
    if (!stem) continue;
    const auto target = targets_.find(stem->stem);
    if (target == targets_.end()) continue;
    changes_.push_back(change_of(*stem, key, target->second));
    const auto [other, is_new] = changed.emplace(target->second.weight, stem->stem);
    if (is_new) continue;
    reject(in_quotes(other->second) + " and " + in_quotes(stem->stem) + " both change " +
           in_quotes(target->second.weight) + ": it is unclear which one is meant");
  }
}

Change Matcher::change_of(const LoraStem& stem, const std::string& up_key,
                          const LoraTarget& target) {
  const LoraSpelling& spelling = *stem.spelling;
  Change change{stem.stem, claim(up_key), claim(stem.stem + std::string(spelling.down)), "",
                "",        target};
  if (change.down.empty()) {
    reject(in_quotes(up_key) + " is there, but " +
           in_quotes(stem.stem + std::string(spelling.down)) + " is not: the file is damaged");
  }
  if (!spelling.mid.empty()) change.mid = claim(stem.stem + std::string(spelling.mid));
  change.alpha = claim(stem.stem + ".alpha");
  return change;
}

// Gives the key if it is in the file, "" otherwise.
std::string Matcher::claim(const std::string& key) {
  if (!lora_.tensors().contains(key)) return "";
  claimed_.insert(key);
  return key;
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

// A weight that the file changes in a way we cannot follow would give another picture without a
// word.
void Matcher::check_formats() const {
  for (const std::string& key : match_.unmatched) {
    const auto other = split_other_format_key(key);
    if (!other || !targets_.contains(other->stem)) continue;
    reject(in_quotes(key) + " is of the format " + other->format +
           ", which is not supported yet; supported are LoRA and LoCon (up and down matrices)");
  }
}

void Matcher::check_family() const {
  std::vector<std::string> keys = match_.unmatched;
  keys.insert(keys.end(), left_out_.begin(), left_out_.end());
  const FamilyGuess lora_family = guess_lora_family(keys);
  const FamilyGuess model_family = guess_unet_family(unet());
  if (lora_family.name.empty() || model_family.name.empty()) return;
  if (lora_family.name == model_family.name) return;
  reject("this LoRA is for another family of models: " + std::to_string(match_.matched) +
         " of its " + std::to_string(match_.total) + " keys name a weight of the model. " +
         families(lora_family));
}

void Matcher::check_any() const {
  if (match_.matched > 0) return;
  const std::string keys = std::to_string(match_.total) + " keys";
  const KindGuess kind = guess_kind(lora_);
  if (kind.kind != FileKind::kLora && !kind.what.empty()) {
    reject("this is " + kind.what + ", not a LoRA");
  }
  if (match_.total > 0 && match_.left_out == match_.total) {
    reject(std::string("all its ") + keys + " are for the " +
           (has_side(LoraSide::kText) ? "U-Net" : "text encoder") + ", which is not patched here");
  }
  reject("none of its " + keys + " names a weight of the model, for example " +
         first_of(match_.unmatched) + ". " + families(guess_lora_family(lora_)));
}

void Matcher::check_shapes() const {
  size_t misfits = 0;
  std::string first;
  for (const Change& change : changes_) {
    LoraShapes shapes{shape_of_key(change.up), shape_of_key(change.down), {}};
    if (!change.mid.empty()) shapes.mid = shape_of_key(change.mid);
    const auto problem = misfit(shapes, shape_of_weight(change.target));
    if (!problem) continue;
    if (++misfits > 1) continue;
    first = in_quotes(change.stem) + ": " + *problem + " (" + change.target.weight + ")";
  }
  if (misfits == 0) return;
  reject(first + "; " + std::to_string(misfits) + " of its " + std::to_string(changes_.size()) +
         " changes do not fit. " + families(guess_lora_family(lora_)));
}

// "The LoRA looks like ... (...); the model is ...". Of a LoRA of unknown family, what little is
// known.
std::string Matcher::families(const FamilyGuess& lora_family) const {
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

void Matcher::read_changes() {
  for (const Change& change : changes_) {
    match_.patches[change.target.part][change.target.weight].push_back(read(change));
  }
  lora_.check_unchanged();
}

// Copies: LoRAs are small, and a model must not change, or crash, with a file it was made from.
Patch Matcher::read(const Change& change) const {
  Patch patch;
  patch.up = lora_.tensor(change.up).clone();
  patch.down = lora_.tensor(change.down).clone();
  if (!change.mid.empty()) patch.mid = lora_.tensor(change.mid).clone();
  patch.alpha = read_alpha(change.alpha);
  patch.source = lora_.name() + ": " + in_quotes(change.stem);
  return patch;
}

std::optional<double> Matcher::read_alpha(const std::string& key) const {
  if (key.empty()) return std::nullopt;
  const at::Tensor alpha = lora_.tensor(key);
  if (alpha.numel() != 1) {
    reject(in_quotes(key) + " has shape " + shape_text(shape_of_key(key)) +
           "; it must be one number");
  }
  const double value = alpha.to(at::kDouble).item<double>();
  if (!std::isfinite(value)) reject(in_quotes(key) + " is no finite number: the file is damaged");
  return value;
}

}  // namespace

LoraMatch match_lora(const TensorFile& lora, const PartShapes& model) {
  return Matcher(lora, model).match();
}

}  // namespace heddle::weights
