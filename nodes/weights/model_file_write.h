// Networks back to files: which keys a checkpoint of each family has, and in which type each weight
// is kept, so that loading the file again gives every network the same bytes.
#pragma once

#include <memory>
#include <vector>

#include "nodes/weights/family.h"
#include "nodes/weights/patched_weights.h"
#include "nodes/weights/safetensors_write.h"

namespace heddle::weights {

/// A part of a model with its changes.
struct PartToSave {
  std::shared_ptr<const TensorFile> file;
  Part part;
  std::shared_ptr<const Patches> patches;  // null: none
  Rounding rounding = Rounding::kNone;

  /// As its network takes it.
  std::shared_ptr<const diffusion::Weights> weights() const;
};

/// The text encoders that a checkpoint of the family has, in the order of PartKind.
std::vector<PartKind> text_encoders_of(Family family);

/// A text encoder's name in files for several: "clip_l".
const char* encoder_key(PartKind kind);

/// The weights of a part as a checkpoint of `family` names them. Nothing is read yet. A weight
/// without changes keeps the type that its file has; one with changes is F32, as ComfyUI writes it
/// on the CPU; text encoders are F16 throughout, as they are computed with. Tensors that are no
/// floating-point numbers are no weights and are left out. Throws FileError for a text encoder that
/// the family has not, or a name that its checkpoints have no word for.
TensorsToWrite checkpoint_tensors(const PartToSave& part, Family family);

/// The same for a file of the part alone, under the names of the network.
TensorsToWrite part_tensors(const PartToSave& part);

}  // namespace heddle::weights
