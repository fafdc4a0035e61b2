// What ComfyUI's editor knows about node types by name: those that are only drawn, old names, and
// rules for single inputs. The names are data, in editor_names.json, which the web editor reads
// too.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace heddle {

enum class EditorKind { kStep, kInstance, kReroute, kPrimitive, kNote };

struct EditorNames {
  std::unordered_set<std::string> notes, reroutes, primitives;
  std::vector<std::string>
      group_node_prefixes;  // in front of the name of a group node's definition
  std::unordered_map<std::string, std::string> renamed;
  std::unordered_map<std::string, std::string> value_prefixes;  // to remove, by `node.input`
  std::unordered_set<std::string>
      seeds;                         // INT inputs of these names always have a control behind them
  std::vector<std::string> uploads;  // options that bring an upload button
  std::unordered_set<std::string>
      file_names;                 // `node.input` where %node.widget% and %date:...% are replaced
  std::string search_name;        // the property that %node.widget% looks for
  std::string replace_in_values;  // the property that makes a primitive's value a file name

  /// kStep for every type that is not special here; instances are known by the document, not by
  /// their name.
  EditorKind kind(std::string_view type) const;

  /// The type under its present name.
  std::string_view present_name(std::string_view type) const;
};

/// Reads the embedded names.
EditorNames read_editor_names();

}  // namespace heddle
