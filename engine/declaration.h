// What a node says about itself, as plain data. Everything that is known of a node without running it is here.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/json.h"

namespace heddle {

class Node;
struct Folders;

/// Where a step runs. Steps of one lane never overlap on the device; the pool works beside it.
enum class Lane { kDevice, kPool };

struct Alias {
  std::string_view name, display_name;
};

/// The part of a declaration that is not a socket. A constexpr member of every node.
struct NodeInfo {
  std::string_view name, category, help;
  std::string_view display_name = "";  // "": the name
  std::array<Alias, 2> aliases{};      // further names that the node answers to
  bool is_output = false;              // worth running for its own sake; what it saves is outside the graph, so it is
                                       // never served from the cache
  Lane lane = Lane::kDevice;
  int version = 1;                     // raised whenever the same inputs may give other bytes
};

/// How an editor should show an input, beyond what its type says.
struct Widget {
  bool multiline = false;
  bool dynamic_prompts = false;         // {a|b} is drawn by the editor
  bool control_after_generate = false;  // a seed
  bool image_upload = false;
  bool color = false;
};

/// Files that a text names, as "embedding:cat" does. Their contents are in the key of the step.
struct Mentions {
  std::string folder;
  /// The names, relative to the folder, of the files that `text` mentions; what cannot be found is left out.
  std::function<std::vector<std::string>(const std::string& text, const Folders& folders)> find;
};

struct FolderFile {
  std::string folder, name;
};

/// Choices of files where a name stands for something else than one file of a folder: for several files, or for none.
struct FileNames {
  std::function<std::vector<std::string>(const Folders& folders)> list;
  /// The files that `name` stands for, whose contents are in the key of the step together with the name; nothing if it is
  /// not a choice. A single file of the input's own folder counts by its content alone.
  std::function<std::optional<std::vector<FolderFile>>(const std::string& name, const Folders& folders)> files;
};

struct InputSpec {
  std::string name, type, help;
  bool required = true;
  bool has_json_form = false;        // takes a literal too
  Json default_value;                // what an editor prefills; null: nothing
  Json min, max;                     // numbers; null: no bound
  double step = 0;                   // 0: the type's own
  std::vector<std::string> choices;  // COMBO with a fixed list
  std::string folder;                // COMBO of the files in a folder: "checkpoints", "input"...
  FileNames names;                   // ...where they are not simply these
  std::vector<Mentions> mentions;    // of a text
  Widget widget;

  bool is_file() const { return !folder.empty(); }
};

struct OutputSpec {
  std::string name, type, help;
};

struct NodeDeclaration {
  NodeInfo info;
  std::string name;          // the one used in keys
  std::string display_name;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::function<std::unique_ptr<Node>()> make;

  /// Index of the input of that name, or -1.
  int find_input(std::string_view input) const;
  std::vector<std::string> input_names() const;
};

}  // namespace heddle
