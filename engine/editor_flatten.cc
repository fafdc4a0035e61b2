#include "engine/editor_flatten.h"

#include "engine/editor_problems.h"

namespace heddle {
namespace {

constexpr size_t kDeepest = 50;
constexpr size_t kMostUnfolded =
    2'000'000;  // nodes, sockets and values inside instances, all together

class Flattener {
 public:
  Flattener(FlatGraph& flat, Problems& problems) : flat_(flat), problems_(problems) {}

  void run(const EditorGraph& root) {
    add_scope({.graph = &root, .id_prefix = ""});
    for (size_t i = 0; i < flat_.nodes.size(); ++i) {
      if (flat_.nodes[i].node->kind == EditorKind::kInstance) unfold(i);
    }
  }

 private:
  void add_scope(EditorScope scope) {
    scope.first_node = flat_.nodes.size();
    for (const EditorNode& node : scope.graph->nodes) {
      flat_.nodes.push_back({&node, flat_.scopes.size(), flat_.input_count, std::nullopt});
      flat_.input_count += node.inputs.size();
    }
    flat_.scopes.push_back(std::move(scope));
  }

  void unfold(size_t instance) {
    const EditorGraph& definition = *flat_.nodes[instance].node->definition;
    const size_t depth = flat_.scopes[flat_.nodes[instance].scope].depth + 1;
    if (is_inside(instance, definition)) return fail(instance, "cycle", "contains itself");
    if (depth > kDeepest)
      return fail(instance, "too_large",
                  "is nested more than " + std::to_string(kDeepest) + " deep");
    unfolded_ += definition.weight + 1;
    if (unfolded_ > kMostUnfolded) {
      return fail(instance, "too_large",
                  "cannot be unfolded: all subgraphs together have more than " +
                      std::to_string(kMostUnfolded) + " nodes, sockets and values");
    }
    flat_.nodes[instance].inner = flat_.scopes.size();
    add_scope({.graph = &definition,
               .instance = instance,
               .depth = depth,
               .id_prefix = flat_.step_id(instance) + ":"});
  }

  bool is_inside(size_t node, const EditorGraph& definition) const {
    size_t scope = flat_.nodes[node].scope;
    while (scope != 0 && flat_.scopes[scope].graph != &definition) {
      scope = flat_.nodes[flat_.scopes[scope].instance].scope;
    }
    return scope != 0;
  }

  void fail(size_t instance, const std::string& kind, const std::string& what) {
    const EditorNode& node = *flat_.nodes[instance].node;
    report(problems_, {flat_.step_id(instance), std::string(node.type), "", kind,
                       "the subgraph \"" + std::string(node.definition->name) + "\" " + what});
  }

  FlatGraph& flat_;
  Problems& problems_;
  size_t unfolded_ = 0;
};

}  // namespace

std::optional<size_t> FlatGraph::find(size_t scope, const EditorId& id) const {
  const auto place = scopes[scope].graph->node_places.find(id);
  if (place == scopes[scope].graph->node_places.end()) return std::nullopt;
  return scopes[scope].first_node + place->second;
}

std::string FlatGraph::step_id(size_t node) const {
  return scopes[nodes[node].scope].id_prefix + to_text(nodes[node].node->id);
}

FlatGraph flatten(const EditorDocument& document, Problems& problems) {
  FlatGraph flat;
  Flattener(flat, problems).run(document.root);
  return flat;
}

}  // namespace heddle
