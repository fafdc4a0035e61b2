// Tables of names that are one in a network and another in a file, read either way.
#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace heddle::weights {

/// Beginnings of names. Where several names of a file mean one of the network, the first row is the
/// one to write.
struct Renamed {
  std::string_view network, file;
};

enum class To { kNetwork, kFile };

/// `name` with its beginning replaced by the first row that fits; nothing if none does.
inline std::optional<std::string> rename(std::string_view name, std::span<const Renamed> table,
                                         To to) {
  for (const Renamed& row : table) {
    const std::string_view from = to == To::kFile ? row.network : row.file;
    if (!name.starts_with(from)) continue;
    const std::string_view into = to == To::kFile ? row.file : row.network;
    return std::string(into) + std::string(name.substr(from.size()));
  }
  return std::nullopt;
}

/// Takes "BEGINNING N." off `text`, N below 100 (more are not a network but an attempt to exhaust
/// memory), and gives N; nothing if it does not begin so.
inline std::optional<int> take_number(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return std::nullopt;
  const char* at = text.data() + beginning.size();
  const char* end = text.data() + text.size();
  int number = 0;
  const auto [after, error] = std::from_chars(at, end, number);
  constexpr int kMost = 100;
  if (error != std::errc() || number < 0 || number >= kMost) return std::nullopt;
  if (after == end || *after != '.') return std::nullopt;
  text.remove_prefix(size_t(after + 1 - text.data()));
  return number;
}

}  // namespace heddle::weights
