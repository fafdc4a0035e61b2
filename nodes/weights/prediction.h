// What the network of a checkpoint predicts, and over which noise levels it was trained. Files say
// it by markers, or not at all.
#pragma once

#include <string>

#include "nodes/weights/family.h"
#include "nodes/weights/part.h"

namespace heddle::weights {

/// The noise, v, or v over a schedule that ends in pure noise; EDM (Karras et al. 2022) and v over
/// continuous noise levels are other trainings altogether.
enum class Prediction { kNoise, kV, kVZeroTerminal, kEdm, kContinuousV };
const char* prediction_name(Prediction prediction);  // "noise"

struct PredictionGuess {
  Prediction prediction = Prediction::kNoise;
  std::string reason;
  double sigma_min = 0.002, sigma_max = 120;  // of continuous noise levels
};

/// Of the U-Net `unet` of a file. SDXL: by markers, tensors beside the network ("v_pred"). SD 2 has
/// none; its two trainings differ in how far a bias of the last attention has spread. SD 1 files do
/// not tell: noise. A file of either that CheckpointSave wrote has the marker, and it counts. Reads
/// at most two small tensors; throws FileError if one cannot be read, or if the noise levels that a
/// file tells are none.
PredictionGuess guess_prediction(const TensorFile& file, Family family, const Part& unet);

}  // namespace heddle::weights
