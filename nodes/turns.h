// The names that nodes for pictures and for latents give to turning and mirroring.
#pragma once

#include <string>
#include <vector>

#include "engine/socket_types.h"

namespace heddle {

inline std::vector<std::string> rotation_names() { return {"none", "90 degrees", "180 degrees", "270 degrees"}; }
inline std::vector<std::string> flip_names() { return {"x-axis: vertically", "y-axis: horizontally"}; }

/// Clockwise.
inline int64_t quarter_turns(const Choice& rotation) {
  if (rotation == "90 degrees") return 1;
  if (rotation == "180 degrees") return 2;
  return rotation == "270 degrees" ? 3 : 0;
}

inline bool flips_rows(const Choice& flip) { return flip.value.starts_with('x'); }

}  // namespace heddle
