#include "engine/editor_groups.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/editor_problems.h"
#include "engine/json_access.h"

namespace heddle {
namespace {

// Gives inner sockets the names that the instance knows them by: a name that is taken gets the
// node's title or type in front, and a number as well where that is taken too.
class SocketNames {
 public:
  std::string make(std::string_view name, const EditorNode& node) {
    const std::string plain(name);
    if (uses_.try_emplace(plain, 1).second) return plain;
    const std::string prefix = std::string(node.title.empty() ? node.type : node.title) + " ";
    const size_t uses = uses_[prefix + plain]++;
    return uses == 0 ? prefix + plain : prefix + std::to_string(uses + 1) + " " + plain;
  }

 private:
  std::unordered_map<std::string, size_t> uses_;
};

class GroupReader {
 public:
  GroupReader(const Json& json, EditorGraph& graph) : json_(json), graph_(graph) {}

  void read() {
    for (EditorNode& node : graph_.nodes) {
      for (EditorSocket& socket : node.inputs)
        sockets_[node.id.number].emplace(socket.name, &socket);
    }
    read_links();
    for (EditorNode& node : graph_.nodes) {
      expose_widgets(node);
      expose_sockets(node);
      expose_outputs(node);
    }
  }

 private:
  // [from node, slot, to node, slot]; nodes by their places, slots by those in the file.
  void read_links() {
    for (const Json& output : items_of(member(json_, "external"))) {
      if (items_of(output).size() >= 2)
        external_.insert(output_name(read_slot(output[0]), read_slot(output[1])));
    }
    for (const Json& link : items_of(member(json_, "links"))) {
      if (items_of(link).size() < 4) continue;
      const int64_t from = read_slot(link[0]), from_slot = read_slot(link[1]),
                    to = read_slot(link[2]);
      EditorSocket* const socket = socket_in_file(to, read_slot(link[3]));
      if (socket == nullptr || graph_.find({from, {}}) == nullptr) continue;
      linked_outputs_.insert(output_name(from, from_slot));
      socket->link = add_link({{from, {}}, from_slot, {to, {}}, 0});
    }
  }

  static std::string output_name(int64_t node, int64_t slot) {
    return std::to_string(node) + "." + std::to_string(slot);
  }

  EditorSocket* socket_in_file(int64_t node, int64_t slot) {
    const Json::array_t& nodes = items_of(member(json_, "nodes"));
    if (node < 0 || size_t(node) >= nodes.size() || slot < 0) return nullptr;
    const Json::array_t& inputs = items_of(member(nodes[size_t(node)], "inputs"));
    if (size_t(slot) >= inputs.size()) return nullptr;
    const auto& sockets = sockets_[node];
    const auto found = sockets.find(text_or(member(inputs[size_t(slot)], "name"), ""));
    return found == sockets.end() ? nullptr : found->second;
  }

  EditorId add_link(const EditorLink& link) {
    const EditorId id{int64_t(graph_.links.size()), {}};
    graph_.links.emplace(id, link);
    return id;
  }

  // The values of an instance are those of all inner widgets, one after the other, but for widgets
  // that are linked inside.
  void expose_widgets(EditorNode& node) {
    for (EditorSocket& socket : node.inputs) {
      if (socket.declared == nullptr || !socket.has_widget || socket.link) continue;
      if (socket.declared->widget != WidgetKind::kButton) expose(node, socket, value_places_);
      value_places_ += socket.declared->places;
    }
  }

  void expose_sockets(EditorNode& node) {
    for (EditorSocket& socket : node.inputs) {
      if (!socket.has_widget && !socket.link) expose(node, socket, std::nullopt);
    }
  }

  void expose(EditorNode& node, EditorSocket& socket, std::optional<size_t> value_place) {
    const auto slot = int64_t(graph_.inputs.size());
    graph_.made_names.push_back(names_.make(socket.name, node));
    graph_.inputs.push_back({graph_.made_names.back(), socket.type, value_place});
    socket.link = add_link({graph_.input_node, slot, node.id, 0});
  }

  void expose_outputs(const EditorNode& node) {
    const auto& types = node.declaration == nullptr ? node.outputs : node.declaration->outputs;
    for (size_t slot = 0; slot < types.size(); ++slot) {
      const std::string name = output_name(node.id.number, int64_t(slot));
      if (linked_outputs_.contains(name) && !external_.contains(name)) continue;
      const auto outer_slot = int64_t(graph_.outputs.size());
      graph_.outputs.push_back(
          {types[slot], add_link({node.id, int64_t(slot), graph_.output_node, outer_slot})});
    }
  }

  const Json& json_;
  EditorGraph& graph_;
  std::unordered_map<int64_t, std::unordered_map<std::string_view, EditorSocket*>> sockets_;
  std::unordered_set<std::string> linked_outputs_, external_;
  SocketNames names_;
  size_t value_places_ = 0;
};

}  // namespace

std::unique_ptr<EditorGraph> read_group(const Json& json, std::string_view name,
                                        EditorReader& reader, Problems& problems) {
  auto graph = std::make_unique<EditorGraph>();
  graph->name = name;
  const std::string where = " in the group node \"" + std::string(name) + "\"";
  reader.read_nodes(member(json, "nodes"), EditorReader::Ids::kPlaces, where, *graph);
  for (const EditorNode& node : graph->nodes) {
    if (node.kind != EditorKind::kPrimitive) continue;
    report(problems,
           {"", std::string(node.type), "", "malformed",
            "a primitive node" + where + " is not read; replace the group node by a subgraph"});
  }
  GroupReader(json, *graph).read();
  return graph;
}

}  // namespace heddle
