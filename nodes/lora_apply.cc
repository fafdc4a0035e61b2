#include "nodes/lora_apply.h"

#include "engine/folders.h"
#include <algorithm>

#include "nodes/weights/lora_facts.h"

namespace heddle {
namespace {

std::string keys_of_total(size_t keys, const weights::LoraMatch& match) {
  return std::to_string(keys) + " of " + std::to_string(match.total) + " keys";
}

// Up to twenty of them; all are in the notes.
std::string names_of(const std::vector<std::string>& keys) {
  constexpr size_t kShown = 20;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, keys.size()); ++i) {
    text += (i ? ", " : "") + weights::in_quotes(keys[i]);
  }
  return text + (keys.size() > kShown ? " and " + std::to_string(keys.size() - kShown) + " more" : "");
}

void warn_of_the_rest(const std::string& lora, const weights::LoraMatch& match, const RunContext& context) {
  if (!match.unmatched.empty()) {
    context.warn("LoRA " + lora + ": " + keys_of_total(match.unmatched.size(), match) +
                 " fit nothing in this model: " + names_of(match.unmatched));
  }
  if (!match.misfits.empty()) {
    context.warn("LoRA " + lora + ": " + keys_of_total(match.misfit_keys, match) +
                 " are of another size than the weight they are for and were left out: " + match.misfits[0] +
                 (match.misfits.size() > 1 ? " and " + std::to_string(match.misfits.size() - 1) + " more" : ""));
  }
}

Json note_of(const std::string& lora, const weights::LoraFacts& facts, const weights::LoraMatch& match) {
  Json note{{"lora", lora},           {"kinds", facts.kinds},     {"ranks", facts.ranks},
            {"alphas", facts.alphas}, {"matched", match.matched}, {"total", match.total}};
  if (!facts.family.name.empty()) note["family"] = facts.family.name;
  if (!facts.triggers.empty()) note["trigger_words"] = facts.triggers;
  if (!match.unmatched.empty()) note["unmatched"] = match.unmatched;
  if (!match.misfits.empty()) note["misfits"] = match.misfits;
  if (match.left_out > 0) note["left_out"] = match.left_out;
  return note;
}

// The same in words.
std::string summary_of(const std::string& lora, const weights::LoraFacts& facts, const weights::LoraMatch& match) {
  std::string text = "LoRA " + lora + ": " + weights::lora_facts_text(facts);
  if (!facts.family.name.empty()) text += "; for " + facts.family.name;
  text += "; " + keys_of_total(match.matched, match) + " matched";
  if (match.left_out > 0) text += ", " + std::to_string(match.left_out) + " left out";
  if (facts.triggers.empty()) return text;
  text += "; trigger words: ";
  for (const std::string& word : facts.triggers) text += (&word == &facts.triggers.front() ? "" : ", ") + word;
  return text;
}

weights::PartShapes shapes_of(const Model& model, const Clip* clip) {
  weights::PartShapes parts{{weights::PartKind::kUNet, model.weights.names_and_shapes()}};
  if (!clip) return parts;
  for (const TextEncoder& encoder : clip->encoders)
    parts.emplace(encoder.weights.part.kind, encoder.weights.names_and_shapes());
  return parts;
}

// Those of the part itself if nothing changes.
std::shared_ptr<const weights::Patches> patches_on(const PatchedPart& part, const weights::LoraMatch& match,
                                                   double strength) {
  const auto found = match.patches.find(part.part.kind);
  if (found == match.patches.end()) return part.patches;
  return weights::with_patches(part.patches, found->second, strength);
}

void weigh_by_block(weights::LoraMatch& match, const BlockStrengths& blocks) {
  for (auto& [name, changes] : match.patches[weights::PartKind::kUNet]) {
    for (weights::Patch& change : changes) change.strength *= blocks.of_weight(name);
  }
}

}  // namespace

Patched add_lora(const Model& model, const Clip* clip, const LoraFile& lora, const LoraStrengths& strengths,
                 RunContext& context) {
  const auto file = weights::TensorFile::open(lora.path);
  context.check_cancelled();
  weights::LoraMatch match = weights::match_lora(*file, shapes_of(model, clip));
  warn_of_the_rest(lora.name, match, context);
  const weights::LoraFacts facts = weights::lora_facts(*file);
  context.notes["loras"].push_back(note_of(lora.name, facts, match));
  context.notes["summary"].push_back(summary_of(lora.name, facts, match));
  weigh_by_block(match, strengths.blocks);

  Patched patched{model, clip ? std::optional<Clip>(*clip) : std::nullopt};
  auto patches = patches_on(model.weights, match, strengths.model);
  if (patches != model.weights.patches) patched.model = with_patches(model, std::move(patches));
  if (!clip) return patched;
  const double strength = strengths.clip * strengths.blocks.text;
  patched.clip = with_patches(*clip, [&](const PatchedPart& encoder) { return patches_on(encoder, match, strength); });
  return patched;
}

Patched add_tagged_loras(const Model& model, const Clip& clip, const std::vector<LoraTag>& tags, RunContext& context) {
  const std::vector<std::string> files = context.folders->list(LoraFile::kFolder);
  Patched patched{model, clip};
  for (const LoraTag& tag : tags) {
    const LoraFile file{find_file(LoraFile::kFolder, find_lora(tag.name, files), *context.folders)};
    if (tag.strength_model == 0 && tag.strength_clip == 0) continue;
    patched = add_lora(patched.model, &*patched.clip, file, {.model = tag.strength_model, .clip = tag.strength_clip},
                       context);
  }
  return patched;
}

}  // namespace heddle
