// JSON as heddle reads and writes it: order kept, NaN and Infinity read, depth and size bounded
// while parsing.
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

/// Parses one document in UTF-8; a byte order mark in front is skipped. Reads the `NaN`, `Infinity`
/// and `-Infinity` that ComfyUI writes; of a key that occurs twice the last value counts, at the
/// first one's place. Whole numbers are exact from -2^63 to 2^64 - 1. Throws JsonError: `line 3,
/// column 7: expected ',' or '}', found "seed"`.
Json parse_json(std::string_view text);

/// One line, ASCII only, separators ", " and ": ", NaN and Infinity written out: as Python's
/// json.dumps. Throws JsonError for text that is not UTF-8, and for binary values, which JSON does
/// not have.
std::string dump_python(const Json& json);

}  // namespace heddle
