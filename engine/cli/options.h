// What the command line can say, as plain data: the options, the table of flags that fills them,
// and the verbs. Parsing, help and completion are made from these tables, so a flag is one line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/backend.h"
#include "engine/registry.h"

namespace heddle::cli {

class Terminal;

/// A mistake in how the program was called: said in words, exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int kDone = 0, kStepFailed = 1, kBadUsage = 2, kCancelled = 130;

/// An amount of memory, as "4G".
struct Size {
  uint64_t bytes = 0;
};

struct CommonOptions {
  std::vector<std::string> models, extra_model_paths;
  std::string comfyui, data, cache_dir;
  std::optional<Size> cache_memory, cache_disk;
  bool no_cache = false, verify_cache = false;
  int threads = 0;  // 0: as many as there are cores
  bool quiet = false, json = false;
  std::string log_level, log_file;
};

struct ServeOptions {
  std::string listen = "127.0.0.1", token_file, token, durability = "full", frontend, previews = "latent2rgb";
  std::string output_bytes;
  std::vector<std::string> allow_hosts, allow_origins, webhook_hosts;
  int port = 8188, event_grace = 15, preview_size = 512, max_queue = 10'000, max_upload = 100;
  int history_count = 100'000, history_days = 0, temp_days = 7, output_days = 0;
  bool no_frontend = false;
};

struct Options : CommonOptions, ServeOptions {
  bool help = false, version = false;
  std::string subject;  // what the verb is about: a graph, a node, a file
  std::vector<std::string> sets, targets;
  std::string seed, out, declarations;
  int count = 1;
  bool no_metadata = false;
  std::map<std::string, std::string> inputs;  // of the pipeline at hand, as written
};

using Target = std::variant<bool Options::*, int Options::*, std::string Options::*,
                            std::vector<std::string> Options::*, std::optional<Size> Options::*>;

/// Text kept by value: the inputs of a pipeline are flags too.
struct Flag {
  std::string names;  // "--until,--targets"
  std::string value;  // "DIR"; "" for a switch
  std::string help;
  Target target;
};

/// What a verb works with.
struct Program {
  const Registry& registry;
  Backend& backend;
  Terminal& terminal;  // standard error
};

struct Verb {
  std::string name, summary;
  std::string subject{};  // "GRAPH"; in brackets if it may be left out; "" if there is none
  std::string subject_help{};
  bool takes_graph = false;  // the inputs of a pipeline are flags
  std::vector<Flag> flags{};
  std::vector<std::string> examples{};
  int (*run)(const Options&, const Program&) = nullptr;
};

/// The flags that every verb takes.
const std::vector<Flag>& common_flags();

/// Every name of the flags, one for each.
std::vector<std::string> flag_names(const std::vector<Flag>& flags);

/// "4G", "500M", "1.5 GiB", "4096": powers of 1024. Throws UsageError that names `flag`.
Size parse_size(const std::string& flag, const std::string& text);

/// "1.5 GiB".
std::string size_text(uint64_t bytes);

}  // namespace heddle::cli
