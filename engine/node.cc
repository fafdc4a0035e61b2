#include "engine/node.h"

#include <stdexcept>

#include "engine/literal.h"

namespace heddle::internal {

void apply(InputSpec& spec, Range range) {
  spec.min = std::move(range.min);
  spec.max = std::move(range.max);
}

void apply(InputSpec& spec, StepSize step) { spec.step = step.size; }

void apply(InputSpec& spec, OneOf choices) { spec.choices = std::move(choices.choices); }

void apply(InputSpec& spec, Mentions mentions) { spec.mentions.push_back(std::move(mentions)); }

void apply(InputSpec& spec, Option option) {
  switch (option) {
    case kOptional: spec.required = false; return;
    case kMultiline: spec.widget.multiline = true; return;
    case kDynamicPrompts: spec.widget.dynamic_prompts = true; return;
    case kImageUpload: spec.widget.image_upload = true; return;
    case kColor: spec.widget.color = true; return;
    case kControlAfterGenerate: spec.widget.control_after_generate = true; return;
  }
}

void check_range(const InputSpec& spec, const Json& number) {
  if (const auto problem = range_problem(number, spec)) throw std::runtime_error(spec.name + ": " + *problem);
}

}  // namespace heddle::internal
