// Files of named tensors in the output folder, for every node that saves weights.
#pragma once

#include <map>
#include <string>

#include "engine/run_context.h"
#include "nodes/weights/safetensors_write.h"

namespace heddle {

using FileTexts = std::map<std::string, std::string>;

/// Writes PREFIX_00001_.safetensors tensor by tensor, with `texts` and the origin as metadata, and lists it in what the
/// step shows. Reports progress by tensors and stops between two of them when cancelled; a file is whole or not there.
/// Throws std::runtime_error if the prefix leaves the output folder or the file cannot be written.
void save_tensors(const weights::TensorsToWrite& tensors, FileTexts texts, const std::string& prefix, RunContext& context);

}  // namespace heddle
