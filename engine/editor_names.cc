#include "engine/editor_names.h"

#include "engine/json.h"

extern "C" const char editor_names_json[], editor_names_json_end[];

namespace heddle {

EditorKind EditorNames::kind(std::string_view type) const {
  const std::string name(type);
  if (notes.contains(name)) return EditorKind::kNote;
  if (reroutes.contains(name)) return EditorKind::kReroute;
  if (primitives.contains(name)) return EditorKind::kPrimitive;
  return EditorKind::kStep;
}

std::string_view EditorNames::present_name(std::string_view type) const {
  const auto found = renamed.find(std::string(type));
  return found == renamed.end() ? type : std::string_view(found->second);
}

EditorNames read_editor_names() {
  const Json json =
      parse_json({editor_names_json, size_t(editor_names_json_end - editor_names_json)});
  EditorNames names;
  json.at("notes").get_to(names.notes);
  json.at("reroutes").get_to(names.reroutes);
  json.at("primitives").get_to(names.primitives);
  json.at("group_node_prefixes").get_to(names.group_node_prefixes);
  json.at("renamed").get_to(names.renamed);
  json.at("seeds").get_to(names.seeds);
  json.at("uploads").get_to(names.uploads);
  json.at("search_name").get_to(names.search_name);
  json.at("replace_in_values").get_to(names.replace_in_values);
  for (const Json& rule : json.at("value_prefixes")) {
    for (const Json& node : rule.at("nodes")) {
      const std::string input = node.get<std::string>() + "." + rule.at("input").get<std::string>();
      names.value_prefixes[input] = rule.at("remove").get<std::string>();
    }
  }
  const Json& file_names = json.at("file_names");
  for (const Json& node : file_names.at("nodes")) {
    names.file_names.insert(node.get<std::string>() + "." +
                            file_names.at("input").get<std::string>());
  }
  return names;
}

}  // namespace heddle
