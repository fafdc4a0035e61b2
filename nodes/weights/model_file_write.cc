#include "nodes/weights/model_file_write.h"

#include <ATen/ATen.h>

#include "nodes/weights/open_clip_write.h"

namespace heddle::weights {
namespace {

// Where checkpoints of a family keep a text encoder.
struct TextPlace {
  Family family;
  PartKind kind;
  const char* prefix;
  bool open_clip;  // by OpenCLIP's names
};
constexpr TextPlace kTextPlaces[] = {
    {Family::kSd1, PartKind::kClipL, "cond_stage_model.transformer.", false},
    {Family::kSd2, PartKind::kClipH, "cond_stage_model.model.", true},
    {Family::kSdxl, PartKind::kClipL, "conditioner.embedders.0.transformer.", false},
    {Family::kSdxl, PartKind::kClipG, "conditioner.embedders.1.model.", true},
    {Family::kSdxlRefiner, PartKind::kClipG, "conditioner.embedders.0.model.", true},
};

const TextPlace& text_place(PartKind kind, Family family) {
  for (const TextPlace& place : kTextPlaces) {
    if (place.kind == kind && place.family == family) return place;
  }
  throw FileError(std::string("a checkpoint of ") + family_name(family) + " has no " +
                  part_name(kind));
}

// Types whose every value fp32 holds: writing back what was read in fp32 loses nothing.
bool is_within_float(c10::ScalarType type) {
  return c10::isFloatingType(type) && type != at::kDouble;
}

c10::ScalarType kept_type(const PartToSave& part, const std::string& name, c10::ScalarType source) {
  if (part.rounding == Rounding::kFp16) return at::kHalf;
  if (part.patches && part.patches->contains(name)) return at::kFloat;
  return is_within_float(source) ? source : at::kFloat;
}

TensorsToWrite with_prefix(const TensorsToWrite& tensors, const std::string& prefix) {
  TensorsToWrite prefixed;
  for (const auto& [name, tensor] : tensors) prefixed.emplace(prefix + name, tensor);
  return prefixed;
}

}  // namespace

std::shared_ptr<const diffusion::Weights> PartToSave::weights() const {
  return patched_weights(part_weights(file, part, rounding), patches, rounding, Placement::kMerged);
}

std::vector<PartKind> text_encoders_of(Family family) {
  std::vector<PartKind> kinds;
  for (const TextPlace& place : kTextPlaces) {
    if (place.family == family) kinds.push_back(place.kind);
  }
  return kinds;
}

const char* encoder_key(PartKind kind) {
  switch (kind) {
    case PartKind::kClipH:
      return "clip_h";
    case PartKind::kClipG:
      return "clip_g";
    default:
      return "clip_l";
  }
}

TensorsToWrite part_tensors(const PartToSave& part) {
  const auto weights = part.weights();
  TensorsToWrite tensors;
  for (const std::string& name : weights->names()) {
    const c10::ScalarType source = part.file->tensors().at(part.part.file_name(name)).type;
    if (!c10::isFloatingType(source)) continue;
    const c10::ScalarType type = kept_type(part, name, source);
    tensors.emplace(name, TensorToWrite{type, *weights->shape(name), [weights, name, type] {
                                          return weights->get(name).to(type);
                                        }});
  }
  return tensors;
}

TensorsToWrite checkpoint_tensors(const PartToSave& part, Family family) {
  const TensorsToWrite tensors = part_tensors(part);
  if (part.part.kind == PartKind::kUNet) return with_prefix(tensors, "model.diffusion_model.");
  if (part.part.kind == PartKind::kVae) return with_prefix(tensors, "first_stage_model.");
  const TextPlace& place = text_place(part.part.kind, family);
  return with_prefix(place.open_clip ? in_open_clip_names(tensors) : tensors, place.prefix);
}

}  // namespace heddle::weights
