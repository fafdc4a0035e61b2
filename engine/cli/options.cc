#include "engine/cli/options.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace heddle::cli {

const std::vector<Flag>& common_flags() {
  static const std::vector<Flag> kFlags{
      {"--models", "DIR",
       "a folder with checkpoints, loras, vae... in it; repeatable, looked through in order",
       &Options::models},
      {"--extra-model-paths", "FILE",
       "folders named by a ComfyUI extra_model_paths.yaml; repeatable",
       &Options::extra_model_paths},
      {"--comfyui", "DIR",
       "a ComfyUI folder: its models, inputs, saved workflows; outputs go to its output folder",
       &Options::comfyui},
      {"--data", "DIR", "heddle's own folder (default $XDG_DATA_HOME/heddle)", &Options::data},
      {"--cache-dir", "DIR", "where results are kept (default: cache in the data folder)",
       &Options::cache_dir},
      {"--cache-memory", "SIZE", "most memory for results, as 4G (default: 2/3 of this machine's)",
       &Options::cache_memory},
      {"--cache-disk", "SIZE", "most disk for results (default: 10G)", &Options::cache_disk},
      {"--no-cache", "", "keep no results and use none", &Options::no_cache},
      {"--verify-cache", "", "compute cached results again and fail where a byte differs",
       &Options::verify_cache},
      {"--threads", "N", "threads for computing (default: as many as there are cores)",
       &Options::threads},
      {"--quiet", "", "print results only", &Options::quiet},
      {"--json", "", "print one JSON object a line", &Options::json},
      {"--log-level", "LEVEL",
       "trace, debug, info, warning, error or off (default: warning; info for --log-file)",
       &Options::log_level},
      {"--log-file", "FILE", "write the log there instead of to the terminal; rotated at 10 MiB",
       &Options::log_file},
  };
  return kFlags;
}

std::vector<std::string> flag_names(const std::vector<Flag>& flags) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) {
    size_t begin = 0;
    while (begin <= flag.names.size()) {
      const size_t end = std::min(flag.names.find(',', begin), flag.names.size());
      names.push_back(flag.names.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return names;
}

Size parse_size(const std::string& flag, const std::string& text) {
  const auto refuse = [&] {
    return UsageError(flag + " " + text +
                      " is not a size; expected a number with K, M, G or T, as 4G or 500M");
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number < 0) throw refuse();
  std::string unit;
  for (const char c : std::string_view(end, size_t(text.data() + text.size() - end))) {
    if (c != ' ') unit += char(std::tolower(static_cast<unsigned char>(c)));
  }
  if (unit.ends_with("ib")) unit.resize(unit.size() - 2);
  if (unit.ends_with("b")) unit.resize(unit.size() - 1);
  const size_t power = unit.empty() ? 0 : std::string_view("kmgt").find(unit) + 1;
  if (unit.size() > 1 || (power == 0 && !unit.empty())) throw refuse();
  const double bytes = std::ldexp(number, int(power) * 10);
  if (bytes >= 9.2e18) throw refuse();
  return {uint64_t(bytes)};
}

std::string size_text(uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double number = double(bytes);
  size_t unit = 0;
  while (number >= 1024 && unit + 1 < kUnits.size()) {
    number /= 1024;
    ++unit;
  }
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", number, kUnits[unit]);
  return text.data();
}

}  // namespace heddle::cli
