// Checks a prompt as ComfyUI does, and says what is wrong in ComfyUI's words and fields (comfyui_spec.md section 3),
// which its clients show beside the nodes. What heddle knows beyond that comes as custom_validation_failed. Pure but
// for listing folders.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/folders.h"
#include "engine/job.h"
#include "engine/json.h"
#include "engine/registry.h"

namespace heddle::server {

struct ComfyCheck {
  Json error;        // null, or {"type", "message", "details", "extra_info"}: nothing may run
  Json node_errors;  // {step: {"errors", "dependent_outputs", "class_type"}}; may be filled where some outputs are good
  std::vector<std::string> outputs;  // steps that may run, in the order of the prompt
  /// The prompt with its literals cast. It can be run for these outputs: where other parts could not even be read (or
  /// go in a circle) they are left out.
  Json prompt;
  std::shared_ptr<ReadyGraph> ready;  // the same for these outputs, where nothing is wrong with any
};

/// `partial_targets`: the output steps that are wanted; nothing: all of them.
ComfyCheck check_comfy_prompt(const Json& prompt, const std::optional<std::vector<std::string>>& partial_targets,
                              const Registry& registry, const Folders& folders);

}  // namespace heddle::server
