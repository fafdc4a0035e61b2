#include "engine/editor_document.h"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/editor_groups.h"
#include "engine/editor_problems.h"
#include "engine/editor_reader.h"
#include "engine/json_access.h"

namespace heddle {
namespace {

constexpr size_t kMostInstanceSockets =
    2'000'000;  // a small file may name a large definition often

class DocumentReader {
 public:
  DocumentReader(const Json& json, const EditorNames& names, Declarations& declarations,
                 Problems& problems)
      : json_(json), names_(names), reader_(names, declarations, problems), problems_(problems) {}

  EditorDocument read() {
    EditorDocument document;
    index_definitions();
    reader_.read_nodes(member(json_, "nodes"), EditorReader::Ids::kOwn, "", document.root);
    reader_.read_links(member(json_, "links"), "", document.root);
    std::vector<EditorGraph*> to_bind = {&document.root};
    for (size_t i = 0; i < to_bind.size(); ++i) bind_instances(*to_bind[i], document, to_bind);
    return document;
  }

 private:
  void index_definitions() {
    for (const Json& definition : items_of(member(member(json_, "definitions"), "subgraphs"))) {
      const std::string_view id = text_or(member(definition, "id"), "");
      if (id.empty() || subgraphs_.emplace(id, &definition).second) continue;
      report(problems_,
             {"", "", "", "duplicate_id", "two subgraphs have the id " + std::string(id)});
    }
    const Json& groups = member(member(json_, "extra"), "groupNodes");
    if (!groups.is_object()) return;
    for (auto group = groups.begin(); group != groups.end(); ++group)
      groups_.emplace(group.key(), &*group);
  }

  // Turns nodes whose type is a definition into instances of it, and reads definitions when they
  // are met first: one that nothing uses may be broken.
  void bind_instances(EditorGraph& graph, EditorDocument& document,
                      std::vector<EditorGraph*>& to_bind) {
    for (EditorNode& node : graph.nodes) {
      if (node.kind != EditorKind::kStep) continue;
      auto known = known_.find(node.type);
      if (known == known_.end()) {
        auto definition = read_definition(node.type);
        if (definition == nullptr) continue;
        to_bind.push_back(definition.get());
        known = known_.emplace(node.type, definition.get()).first;
        document.definitions.push_back(std::move(definition));
      }
      make_instance(node, *known->second);
    }
  }

  std::unique_ptr<EditorGraph> read_definition(std::string_view type) {
    if (const auto found = subgraphs_.find(type); found != subgraphs_.end())
      return read_subgraph(*found->second);
    for (const std::string& prefix : names_.group_node_prefixes) {
      if (!type.starts_with(prefix)) continue;
      const auto found = groups_.find(type.substr(prefix.size()));
      if (found != groups_.end())
        return read_group(*found->second, found->first, reader_, problems_);
    }
    return nullptr;
  }

  std::unique_ptr<EditorGraph> read_subgraph(const Json& json) {
    auto graph = std::make_unique<EditorGraph>();
    graph->name = text_or(member(json, "name"), "");
    if (const auto id = read_id(member(member(json, "inputNode"), "id"))) graph->input_node = *id;
    if (const auto id = read_id(member(member(json, "outputNode"), "id"))) graph->output_node = *id;
    const std::string where =
        " in the subgraph \"" + std::string(graph->name.substr(0, 100)) + "\"";
    reader_.read_nodes(member(json, "nodes"), EditorReader::Ids::kOwn, where, *graph);
    reader_.read_links(member(json, "links"), where, *graph);
    for (const Json& input : items_of(member(json, "inputs"))) {
      graph->inputs.push_back(
          {text_or(member(input, "name"), ""), text_or(member(input, "type"), "*"), std::nullopt});
    }
    for (const Json& output : items_of(member(json, "outputs"))) {
      graph->outputs.push_back(
          {text_or(member(output, "type"), "*"), link_to(output, graph->outputs.size(), *graph)});
    }
    graph->weight += graph->inputs.size() + graph->outputs.size();
    return graph;
  }

  // The first of the links that an output names; where it names none that is there, the link that
  // names it.
  static std::optional<EditorId> link_to(const Json& output, size_t slot,
                                         const EditorGraph& graph) {
    for (const Json& json : items_of(member(output, "linkIds"))) {
      const auto id = read_id(json);
      if (id && graph.links.contains(*id)) return id;
    }
    const auto found = graph.output_links.find(int64_t(slot));
    return found == graph.output_links.end() ? std::nullopt : std::optional(found->second);
  }

  // The sockets of an instance are the definition's inputs; the file's are matched by name.
  void make_instance(EditorNode& node, const EditorGraph& definition) {
    std::unordered_map<std::string_view, std::optional<EditorId>> links;
    for (const EditorSocket& socket : node.inputs) links.emplace(socket.name, socket.link);
    node.kind = EditorKind::kInstance;
    node.definition = &definition;
    node.inputs.clear();
    node.outputs.clear();
    instance_sockets_ += definition.inputs.size() + definition.outputs.size();
    if (instance_sockets_ > kMostInstanceSockets) {
      report(problems_, {to_text(node.id), std::string(node.type), "", "too_large",
                         "the instances of subgraphs have more than " +
                             std::to_string(kMostInstanceSockets) + " sockets"});
      return;
    }
    for (const DefinitionInput& input : definition.inputs) {
      node.inputs.push_back({.name = input.name, .type = input.type, .link = {}});
      const auto found = links.find(input.name);
      if (found != links.end()) node.inputs.back().link = found->second;
    }
    for (const DefinitionOutput& output : definition.outputs) node.outputs.push_back(output.type);
  }

  const Json& json_;
  const EditorNames& names_;
  EditorReader reader_;
  Problems& problems_;
  size_t instance_sockets_ = 0;
  std::unordered_map<std::string_view, const Json*> subgraphs_, groups_;
  std::unordered_map<std::string_view, EditorGraph*> known_;  // definitions that were read, by type
};

// Finds the promoted widgets of all definitions: the inputs that lead to a widget inside, or to a
// promoted input of an instance inside.
class Promotion {
 public:
  explicit Promotion(EditorDocument& document) : document_(document) {}

  void run() {
    for (const auto& definition : document_.definitions) {
      for (const EditorNode& node : definition->nodes) follow_inputs(*definition, node);
    }
    while (!to_visit_.empty()) {
      const Slot slot = to_visit_.back();
      to_visit_.pop_back();
      if (!promoted_[slot.definition].insert(slot.place).second) continue;
      const std::vector<Slot>& outer = feeders_[slot.definition][slot.place];
      to_visit_.insert(to_visit_.end(), outer.begin(), outer.end());
    }
    for (const auto& definition : document_.definitions) number_values(*definition);
  }

 private:
  struct Slot {
    const EditorGraph* definition;
    size_t place;
  };

  void follow_inputs(const EditorGraph& definition, const EditorNode& node) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto place = fed_by(definition, node.inputs[i]);
      if (!place) continue;
      if (node.kind == EditorKind::kInstance) {
        feeders_[node.definition][i].push_back({&definition, *place});
      } else if (node.kind == EditorKind::kStep && node.inputs[i].has_widget) {
        to_visit_.push_back({&definition, *place});
      }
    }
  }

  // The definition's input that a socket inside is linked to.
  static std::optional<size_t> fed_by(const EditorGraph& definition, const EditorSocket& socket) {
    if (!socket.link) return std::nullopt;
    const auto link = definition.links.find(*socket.link);
    if (link == definition.links.end() || link->second.origin != definition.input_node)
      return std::nullopt;
    const int64_t slot = link->second.origin_slot;
    return slot >= 0 && size_t(slot) < definition.inputs.size() ? std::optional(size_t(slot))
                                                                : std::nullopt;
  }

  // Values of a subgraph's instance are those of its promoted widgets; those of a group node have
  // places already.
  void number_values(EditorGraph& definition) {
    size_t next = 0;
    const auto& promoted = promoted_[&definition];
    for (size_t i = 0; i < definition.inputs.size(); ++i) {
      if (promoted.contains(i) && !definition.inputs[i].value_place)
        definition.inputs[i].value_place = next++;
    }
  }

  EditorDocument& document_;
  std::unordered_map<const EditorGraph*, std::unordered_map<size_t, std::vector<Slot>>> feeders_;
  std::unordered_map<const EditorGraph*, std::unordered_set<size_t>> promoted_;
  std::vector<Slot> to_visit_;
};

}  // namespace

std::string to_text(const EditorId& id) {
  return id.text.empty() ? std::to_string(id.number) : std::string(id.text);
}

const EditorNode* EditorGraph::find(const EditorId& id) const {
  const auto place = node_places.find(id);
  return place == node_places.end() ? nullptr : &nodes[place->second];
}

EditorDocument read_editor_document(const Json& json, const EditorNames& names,
                                    Declarations& declarations, Problems& problems) {
  EditorDocument document = DocumentReader(json, names, declarations, problems).read();
  Promotion(document).run();
  return document;
}

}  // namespace heddle
