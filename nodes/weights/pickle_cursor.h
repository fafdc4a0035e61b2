// Reads the arguments of pickle opcodes, within bounds.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "nodes/weights/pickle_source.h"

namespace heddle::weights {

// The description of 2,600 tensors, which is SDXL, takes 0.4 MB.
inline constexpr size_t kMaxPickleBytes = size_t(64) << 20;

class PickleCursor {
 public:
  explicit PickleCursor(const PickleSource& source)
      : source_(source),
        at_(source.begin),
        end_(source.begin + std::min(source.bytes.size() - source.begin, kMaxPickleBytes)) {}

  size_t at() const { return at_; }
  uint8_t byte() { return uint8_t(take(1)[0]); }

  std::string_view take(uint64_t count) {
    if (count > end_ - at_) fail_short(count);
    const std::string_view taken = source_.bytes.substr(at_, size_t(count));
    at_ += size_t(count);
    return taken;
  }

  /// Little-endian, of up to 8 bytes.
  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    const std::string_view taken = take(bytes);
    for (size_t i = bytes; i-- > 0;) value = value << 8 | uint8_t(taken[i]);
    return value;
  }

  /// Big-endian, as a pickle alone writes it.
  double real() {
    uint64_t bits = 0;
    for (const char c : take(8)) bits = bits << 8 | uint8_t(c);
    return std::bit_cast<double>(bits);
  }

  /// Up to the end of the line, which is skipped: part of a Python name.
  std::string_view line() {
    constexpr size_t kLongest = 256;
    const std::string_view near = source_.bytes.substr(at_, std::min(end_ - at_, kLongest));
    const size_t length = near.find('\n');
    if (length != near.npos) return take(length + 1).substr(0, length);
    if (near.size() < kLongest) fail_short(near.size() + 1);
    source_.fail(at_, "a Python name of at most 256 bytes was expected");
  }

 private:
  [[noreturn]] void fail_short(uint64_t count) const {
    const std::string needs =
        "the pickle needs " + std::to_string(count) + " bytes more here, and ";
    if (end_ < source_.bytes.size()) {
      source_.fail(at_, needs + "64 MiB is the most that a list of tensors may take");
    }
    source_.fail(at_, needs + "there are " + std::to_string(end_ - at_) +
                          ": the download is incomplete, fetch it again");
  }

  const PickleSource& source_;
  size_t at_, end_;
};

}  // namespace heddle::weights
