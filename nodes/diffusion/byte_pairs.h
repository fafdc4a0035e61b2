// Byte-pair encoding (Sennrich et al. 2016) over bytes, with CLIP's merges: the vocabulary and how
// a word is cut.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace heddle::diffusion {

/// Immutable once built. Ids: 0-255 the bytes, 256-511 the bytes at the end of a word, then one per
/// merge in the order of the file, which is also the order in which pairs are merged.
class BytePairs {
 public:
  /// `merges`: a version line, then a pair of symbols a line. Throws std::runtime_error that names
  /// a line which merges unknown symbols.
  explicit BytePairs(std::string_view merges);

  /// Appends the ids of one word, given as bytes. n log n in its length.
  void encode(std::string_view word, std::vector<int>& ids) const;

  /// The program's own table, from the merges built into it.
  static const BytePairs& clip();

 private:
  int merged(int left, int right) const;

  int byte_ids_[256];
  std::unordered_map<uint64_t, int> pairs_;
};

}  // namespace heddle::diffusion
