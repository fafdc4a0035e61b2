#include "nodes/weights/prediction.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <optional>

#include "nodes/weights/part_weights.h"

namespace heddle::weights {
namespace {

// The key of a marker, or "": a U-Net saved alone may keep its prefix in front of it.
std::string find_marker(const TensorFile& file, const Part& unet, const std::string& marker) {
  for (const std::string& key : {marker, unet.prefix + marker}) {
    if (file.tensors().contains(key)) return key;
  }
  return "";
}

double read_level(const TensorFile& file, const std::string& key) {
  const at::Tensor level = read_tensor(file, Source{key}, Rounding::kNone);
  const double value = level.numel() == 1 ? level.item<double>() : 0;
  if (value > 0 && std::isfinite(value)) return value;
  throw FileError(file.name() + ": tensor " + in_quotes(key) + " is no noise level; expected a positive number");
}

PredictionGuess guess_of_levels(const TensorFile& file, const Part& unet) {
  PredictionGuess guess{Prediction::kContinuousV, "edm_vpred.sigma_max"};
  guess.sigma_max = read_level(file, find_marker(file, unet, "edm_vpred.sigma_max"));
  const std::string smallest = find_marker(file, unet, "edm_vpred.sigma_min");
  if (!smallest.empty()) guess.sigma_min = read_level(file, smallest);
  if (guess.sigma_min < guess.sigma_max) return guess;
  throw FileError(file.name() + ": edm_vpred.sigma_max is below the smallest noise level");
}

std::optional<PredictionGuess> marked_v(const TensorFile& file, const Part& unet) {
  if (find_marker(file, unet, "v_pred").empty()) return std::nullopt;
  if (find_marker(file, unet, "ztsnr").empty()) return PredictionGuess{Prediction::kV, "v_pred"};
  return PredictionGuess{Prediction::kVZeroTerminal, "v_pred and ztsnr"};
}

PredictionGuess guess_of_sdxl(const TensorFile& file, const Part& unet) {
  const auto has = [&](const char* marker) { return !find_marker(file, unet, marker).empty(); };
  if (has("edm_mean") && has("edm_std")) return {Prediction::kEdm, "edm_mean and edm_std", 0.002, 80};
  if (has("edm_vpred.sigma_max")) return guess_of_levels(file, unet);
  return marked_v(file, unet).value_or(PredictionGuess{Prediction::kNoise, "there is no v_pred"});
}

constexpr const char* kTellingBias = "output_blocks.11.1.transformer_blocks.0.norm1.bias";
constexpr double kLeastOfV = 0.09;

PredictionGuess guess_of_sd2(const TensorFile& file, const Part& unet) {
  const auto input = unet.naming.sources.find("input_blocks.0.0.weight");
  const auto bias = unet.naming.sources.find(kTellingBias);
  if (input == unet.naming.sources.end() || bias == unet.naming.sources.end()) {
    return {Prediction::kNoise, std::string("there is no ") + kTellingBias};
  }
  const auto& shape = file.tensors().at(input->second.key).shape;
  if (shape.size() < 2 || shape[1] != 4) {
    return {Prediction::kNoise, "more than four input channels"};
  }
  const double deviation =
      read_tensor(file, bias->second, Rounding::kNone).std(/*unbiased=*/false).item<double>();
  const bool is_v = deviation > kLeastOfV;
  char number[32];
  std::snprintf(number, sizeof number, "%.3f", deviation);
  return {is_v ? Prediction::kV : Prediction::kNoise,
          std::string(kTellingBias) + " deviates by " + number + ", " +
              (is_v ? "more" : "not more") + " than 0.09"};
}

}  // namespace

const char* prediction_name(Prediction prediction) {
  switch (prediction) {
    case Prediction::kNoise:
      return "noise";
    case Prediction::kV:
      return "v";
    case Prediction::kVZeroTerminal:
      return "v, zero terminal SNR";
    case Prediction::kEdm:
      return "EDM (Playground)";
    case Prediction::kContinuousV:
      break;
  }
  return "v over continuous noise levels";
}

PredictionGuess guess_prediction(const TensorFile& file, Family family, const Part& unet) {
  switch (family) {
    case Family::kSdxl:
      return guess_of_sdxl(file, unet);
    case Family::kSd2:
      return marked_v(file, unet).value_or(guess_of_sd2(file, unet));
    case Family::kSd1:
      return marked_v(file, unet).value_or(PredictionGuess{Prediction::kNoise, "as all of its family"});
    case Family::kSdxlRefiner:
    case Family::kUnknown:
      break;
  }
  return {Prediction::kNoise, "as all of its family"};
}

}  // namespace heddle::weights
