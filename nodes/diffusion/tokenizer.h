// CLIP's byte-level BPE (Radford et al. 2021): text to token ids.
#pragma once

#include <string_view>
#include <vector>

namespace heddle::diffusion {

inline constexpr int kStartToken = 49406, kEndToken = 49407;

/// Ids of `text` (UTF-8) without start and end. Thread-safe; the merge table is built on first use.
std::vector<int> tokenize(std::string_view text);

}  // namespace heddle::diffusion
