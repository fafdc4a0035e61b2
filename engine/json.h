// JSON as heddle reads and writes it: order kept, NaN and Infinity read, depth and size bounded while parsing.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heddle {

/// Keeps the order of keys, for files that are written back. Looking up a key is a linear scan.
using Json = nlohmann::ordered_json;

struct JsonError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr size_t kMaxJsonDepth = 200;
inline constexpr size_t kMaxJsonBytes = size_t{256} << 20;

/// Parses one document. Reads the `NaN`, `Infinity` and `-Infinity` that ComfyUI writes; of a key that occurs twice the
/// last value counts. Throws JsonError that says line, column and what is wrong.
Json parse_json(std::string_view text);

/// One line, ASCII only, separators ", " and ": ", NaN and Infinity written out: as Python's json.dumps.
std::string dump_python(const Json& json);

}  // namespace heddle
