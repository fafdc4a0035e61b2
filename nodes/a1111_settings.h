// The `parameters` text in AUTOMATIC1111's pictures: prompt, negative prompt, and a last line of settings,
// "Steps: 20, Sampler: Euler a, Size: 512x512".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle {

struct A1111Text {
  std::string prompt, negative;
  std::vector<std::pair<std::string, std::string>> settings;  // in order, values without their quotes
};

/// Nothing if the text has no line of settings. Linear in its length; what follows that line is left out.
std::optional<A1111Text> parse_a1111_text(std::string_view text);

/// Settings by name; knows which have been asked for.
class A1111Settings {
 public:
  explicit A1111Settings(std::vector<std::pair<std::string, std::string>> settings);

  bool has(std::string_view name) const;
  /// "" if there is none.
  std::string take(std::string_view name);
  /// Nothing if there is none, or if it is no number.
  std::optional<double> take_number(std::string_view name);
  std::optional<uint64_t> take_whole(std::string_view name);
  /// "512x768".
  std::optional<std::pair<int64_t, int64_t>> take_size(std::string_view name);
  /// "name: value" of those that nobody took, in order.
  std::vector<std::string> left() const;

 private:
  struct Setting {
    std::string name, value;
    bool taken = false;
  };
  std::vector<Setting> settings_;
};

}  // namespace heddle
