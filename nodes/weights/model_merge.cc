#include "nodes/weights/model_merge.h"

#include <ATen/ATen.h>

#include <array>

namespace heddle::weights {
namespace {

// A part as it is before its network rounds it.
std::shared_ptr<const diffusion::Weights> unrounded(const PartToSave& part) {
  return patched_weights(part_weights(part.file, part.part, part.rounding), part.patches,
                         Rounding::kNone, Placement::kMerged);
}

constexpr std::array<std::string_view, 2> kNeverMerged = {".position_ids", "logit_scale"};

bool is_merged(const std::string& name) {
  for (const std::string_view ending : kNeverMerged) {
    if (name.ends_with(ending)) return false;
  }
  return true;
}

std::string described(const PartToSave& part, const NamesAndShapes& shapes,
                      const std::string& name) {
  const auto found = shapes.find(name);
  return part.file->name() + (found == shapes.end() ? " has no such weight"
                                                    : " has it as " + shape_text(found->second));
}

// The first convolutions of an inpainting model and of a plain one.
bool differ_in_channels_alone(const std::string& name, const std::vector<int64_t>& a,
                              const std::vector<int64_t>& b) {
  return name == "input_blocks.0.0.weight" && a.size() == 4 && b.size() == 4 && a[0] == b[0] &&
         a[2] == b[2] && a[3] == b[3];
}

class ModelMerger {
 public:
  ModelMerger(const PartToSave& first, const PartToSave& second)
      : first_(first),
        second_(second),
        ours_(shapes_of(*first.file, first.part)),
        theirs_(shapes_of(*second.file, second.part)),
        other_(unrounded(second)) {}

  Merge merge(const MixOf& mix) {
    for (const auto& [name, shape] : theirs_) {
      if (is_merged(name) && !ours_.contains(name)) reject(name);
    }
    Patches added;
    for (const auto& [name, shape] : ours_) {
      if (is_merged(name) && fits(name, shape)) added[name].push_back(patch(name, mix(name)));
    }
    merge_.patches = with_patches(first_.patches, added, 1);
    return std::move(merge_);
  }

 private:
  [[noreturn]] void reject(const std::string& name) const {
    throw FileError("these models cannot be merged, their " +
                    std::string(part_name(first_.part.kind)) + "s differ in " + in_quotes(name) +
                    ": " + described(first_, ours_, name) + ", " +
                    described(second_, theirs_, name) + ". Merge models of one kind");
  }

  bool fits(const std::string& name, const std::vector<int64_t>& shape) {
    const auto found = theirs_.find(name);
    if (found == theirs_.end()) reject(name);
    if (found->second == shape) return true;
    if (!differ_in_channels_alone(name, shape, found->second)) reject(name);
    merge_.left_alone.push_back(name);
    return false;
  }

  Patch patch(const std::string& name, const Mix& mix) const {
    return {.change = Blend{mix.keep, other_, name},
            .strength = mix.add,
            .source = second_.file->name() + ": " + in_quotes(name)};
  }

  const PartToSave &first_, &second_;
  const NamesAndShapes ours_, theirs_;
  const std::shared_ptr<const diffusion::Weights> other_;
  Merge merge_;
};

}  // namespace

Merge merge_parts(const PartToSave& first, const PartToSave& second, const MixOf& mix) {
  return ModelMerger(first, second).merge(mix);
}

}  // namespace heddle::weights
