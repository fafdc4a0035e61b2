#include "engine/editor_reader.h"

#include <charconv>
#include <cmath>

#include "engine/editor_problems.h"
#include "engine/json_access.h"

namespace heddle {
namespace {

constexpr size_t kLongestId = 200;
constexpr size_t kLongestName =
    500;  // of types and sockets; they are repeated in problems and steps

std::optional<int64_t> whole_number_in(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::to_string(number) == text ? std::optional(number) : std::nullopt;
}

std::optional<int64_t> whole_number(const Json& json) {
  if (json.is_string()) return whole_number_in(json.get_ref<const std::string&>());
  if (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t{INT64_MAX}) return std::nullopt;
  if (json.is_number_integer()) return json.get<int64_t>();
  if (!json.is_number_float()) return std::nullopt;
  const double value = json.get<double>();
  const bool exact = std::fabs(value) < 9007199254740992.0 && value == std::floor(value);
  return exact ? std::optional(int64_t(value)) : std::nullopt;
}

EditorMode read_mode(const Json& json) {
  const auto mode = whole_number(json);
  if (mode == 2) return EditorMode::kMuted;
  return mode == 4 ? EditorMode::kBypassed : EditorMode::kOn;
}

// Old files have a list of choices for a type, and 0 for any.
std::string_view read_type(const Json& json) {
  if (json.is_array()) return "COMBO";
  const std::string_view type = text_or(json, "*");
  return type.size() > kLongestName ? "" : type;
}

// [id, origin, slot, target, slot, type], or an object.
std::optional<std::pair<EditorId, EditorLink>> read_link(const Json& json) {
  const bool is_list = json.is_array();
  if (is_list && json.size() < 5) return std::nullopt;
  const auto part = [&](size_t place, std::string_view key) -> const Json& {
    return is_list ? json[place] : member(json, key);
  };
  const auto id = read_id(part(0, "id"));
  const auto origin = read_id(part(1, "origin_id"));
  const auto target = read_id(part(3, "target_id"));
  if (!id || !origin || !target) return std::nullopt;
  return std::pair(*id, EditorLink{*origin, read_slot(part(2, "origin_slot")), *target,
                                   read_slot(part(4, "target_slot"))});
}

bool same(const EditorLink& a, const EditorLink& b) {
  return a.origin == b.origin && a.origin_slot == b.origin_slot && a.target == b.target &&
         a.target_slot == b.target_slot;
}

}  // namespace

std::optional<EditorId> read_id(const Json& json) {
  if (const auto number = whole_number(json)) return EditorId{*number, {}};
  const std::string_view text = text_or(json, "");
  if (text.empty() || text.size() > kLongestId) return std::nullopt;
  return EditorId{0, text};
}

int64_t read_slot(const Json& json) {
  return std::max<int64_t>(whole_number(json).value_or(-1), -1);
}

std::vector<const Json*> read_values(const Json* values) {
  std::vector<const Json*> list;
  if (values == nullptr) return list;
  for (const Json& value : items_of(*values)) list.push_back(&value);
  const auto length = whole_number(member(*values, "length"));
  if (!length || *length < 0) return list;
  list.resize(std::min(size_t(*length), values->size()));
  for (auto item = values->begin(); item != values->end(); ++item) {
    const auto place = whole_number_in(item.key());
    if (place && *place >= 0 && size_t(*place) < list.size()) list[size_t(*place)] = &*item;
  }
  return list;
}

void EditorReader::read_nodes(const Json& nodes, Ids ids, const std::string& where,
                              EditorGraph& graph) {
  graph.nodes.reserve(items_of(nodes).size());
  for (size_t i = 0; i < items_of(nodes).size(); ++i) {
    const auto id = ids == Ids::kOwn ? read_id(member(nodes[i], "id")) : EditorId{int64_t(i), {}};
    auto node = read_node(nodes[i], id, where);
    if (!node) {
      malformed(where,
                "nodes[" + std::to_string(i) +
                    "] cannot be read: it needs an id (a number or a short text) and a type");
      continue;
    }
    if (!graph.node_places.emplace(node->id, graph.nodes.size()).second) {
      report(problems_, {to_text(node->id), std::string(node->type), "", "duplicate_id",
                         "two nodes" + where + " have the id " + to_text(node->id) +
                             "; give one of them another id"});
      continue;
    }
    graph.weight += 1 + node->inputs.size() + (node->values == nullptr ? 0 : node->values->size());
    graph.nodes.push_back(std::move(*node));
  }
}

void EditorReader::read_links(const Json& links, const std::string& where, EditorGraph& graph) {
  graph.links.reserve(items_of(links).size());
  for (size_t i = 0; i < items_of(links).size(); ++i) {
    if (links[i].is_null()) continue;
    const auto link = read_link(links[i]);
    if (!link) {
      malformed(where,
                "links[" + std::to_string(i) + "] cannot be read: it needs an id and two ends");
      continue;
    }
    if (link->second.target == graph.output_node)
      graph.output_links.emplace(link->second.target_slot, link->first);
    const auto [place, added] = graph.links.emplace(link->first, link->second);
    if (added || same(place->second, link->second)) continue;
    report(problems_, {"", "", "", "duplicate_id",
                       "two different links" + where + " have the id " + to_text(link->first) +
                           "; remove one of them"});
  }
}

std::optional<EditorNode> EditorReader::read_node(const Json& json,
                                                  const std::optional<EditorId>& id,
                                                  const std::string& where) {
  const std::string_view type = text_or(member(json, "type"), "");
  if (!id || type.empty() || type.size() > kLongestName) return std::nullopt;
  EditorNode node;
  node.id = *id;
  node.type = names_.present_name(type);
  node.kind = names_.kind(node.type);
  node.title = text_or(member(json, "title"), "");
  node.mode = read_mode(member(json, "mode"));
  node.values = &member(json, "widgets_values");
  const bool readable = node.values->is_null() || node.values->is_structured();
  if (!readable)
    malformed(where, "the widgets_values of node " + to_text(node.id) +
                         " are neither a list nor an object");
  node.properties = &member(json, "properties");
  if (node.kind == EditorKind::kStep) node.declaration = declarations_.find(node.type);
  for (const Json& output : items_of(member(json, "outputs")))
    node.outputs.push_back(read_type(member(output, "type")));
  read_inputs(member(json, "inputs"), where, node);
  order_sockets(node);
  return node;
}

void EditorReader::read_inputs(const Json& inputs, const std::string& where, EditorNode& node) {
  if (!inputs.is_null() && !inputs.is_array())
    malformed(where, "the inputs of node " + to_text(node.id) + " are no list");
  std::unordered_map<std::string_view, size_t> places;
  for (const Json& json : items_of(inputs)) {
    EditorSocket socket;
    socket.name = text_or(member(json, "name"), "");
    if (socket.name.size() > kLongestName) {
      malformed(where, "node " + to_text(node.id) + " has an input whose name is longer than " +
                           std::to_string(kLongestName) + " bytes");
      continue;
    }
    socket.type = read_type(member(json, "type"));
    socket.link = read_id(member(json, "link"));
    if (!socket.link && !member(json, "link").is_null()) {
      malformed(where, "node " + to_text(node.id) +
                           " has an input whose link is neither a number nor null: \"" +
                           std::string(socket.name) + "\"");
    }
    socket.has_widget = member(json, "widget").is_object();
    const auto [place, added] = places.emplace(socket.name, node.inputs.size());
    if (added) {
      node.inputs.push_back(socket);
    } else if (!node.inputs[place->second].link) {
      node.inputs[place->second].link = socket.link;
    } else if (socket.link) {
      malformed(where, "node " + to_text(node.id) + " has two linked inputs of the same name: \"" +
                           std::string(socket.name) + "\"");
    }
  }
}

void EditorReader::malformed(const std::string& where, const std::string& what) {
  report(problems_, {"", "", "", "malformed", what + where});
}

void order_sockets(EditorNode& node) {
  if (node.declaration == nullptr) return;
  std::unordered_map<std::string_view, EditorSocket*> in_file;
  for (EditorSocket& socket : node.inputs) in_file.emplace(socket.name, &socket);
  std::vector<EditorSocket> ordered;
  ordered.reserve(std::max(node.declaration->inputs.size(), node.inputs.size()));
  for (const bool widgets : {false, true}) {
    for (const DeclaredInput& input : node.declaration->inputs) {
      if ((input.widget != WidgetKind::kNone) != widgets) continue;
      ordered.push_back({input.name, input.type, std::nullopt, widgets, &input});
      const auto found = in_file.find(input.name);
      if (found == in_file.end()) continue;
      ordered.back().link = found->second->link;
      in_file.erase(found);
    }
  }
  for (const EditorSocket& socket : node.inputs) {
    if (in_file.contains(socket.name)) ordered.push_back(socket);
  }
  node.inputs = std::move(ordered);
}

}  // namespace heddle
