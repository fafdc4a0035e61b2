// Finding a cycle among steps.
#pragma once

#include <cstddef>
#include <vector>

namespace heddle {

/// `sources[i]` are the steps that step i refers to. The steps of one cycle, each referred to by
/// the next one and the last by the first; empty if there is none. Linear time, no recursion.
std::vector<size_t> find_cycle(const std::vector<std::vector<size_t>>& sources);

}  // namespace heddle
