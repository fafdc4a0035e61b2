// Which of its inputs a bypassed node passes on in place of one of its outputs.
#pragma once

#include <optional>
#include <string_view>

#include "engine/editor_document.h"

namespace heddle {

/// Whether a link between sockets of these types is allowed: equal without regard to case, any ("*"
/// or ""), or unions
/// ("INT,FLOAT") with a common member.
bool editor_types_fit(std::string_view a, std::string_view b);

/// The place of the input that stands in for output `slot` when an input of type `wanted` refers to
/// it: for "*" the one at the same place or the first; else the one at the same place if it fits
/// both, the first of exactly that type, the first that fits both, or none. Whether the input is
/// linked plays no part.
std::optional<size_t> bypass_input(const EditorNode& node, size_t slot, std::string_view wanted);

}  // namespace heddle
