#include "engine/editor_links.h"

#include "engine/editor_bypass.h"
#include "engine/editor_problems.h"
#include "engine/editor_reader.h"

namespace heddle {
namespace {

using Kind = EditorSource::Kind;

size_t output_count(const EditorNode& node) {
  const size_t declared = node.declaration == nullptr ? 0 : node.declaration->outputs.size();
  return std::max(declared, node.outputs.size());
}

// A primitive writes into the widgets it is linked to, and no further.
EditorSource behind_another_node(const EditorSource& source) {
  return source.kind == Kind::kPrimitive ? EditorSource{} : source;
}

}  // namespace

EditorLinks::EditorLinks(const FlatGraph& flat, Problems& problems)
    : flat_(flat), problems_(problems), known_(flat.input_count) {}

const EditorSocket& EditorLinks::socket(size_t node, size_t input) const {
  return flat_.nodes[node].node->inputs[input];
}

EditorSource EditorLinks::source(size_t node, size_t input) {
  std::vector<Known*>
      passed;  // inputs of bypassed nodes on the way, after the one that is asked for
  EditorSource found;
  bool found_at_last = true;
  for (;;) {
    Known& known = known_[flat_.nodes[node].first_input + input];
    if (known.state != State::kNew) {
      if (known.state == State::kKnown) found = known.source;  // else a circle, which feeds nothing
      found_at_last = false;
      break;
    }
    known.state = State::kOnTheWay;
    passed.push_back(&known);
    const EditorSocket& at = socket(node, input);
    if (!at.link) break;
    const Stop stop = follow({flat_.nodes[node].scope, *at.link, {node, input}});
    if (!stop.bypassed) {
      found = stop.source;
      break;
    }
    const auto stand_in =
        bypass_input(*flat_.nodes[stop.source.node].node, stop.source.slot, at.type);
    if (!stand_in) break;
    node = stop.source.node;
    input = *stand_in;
  }
  if (passed.empty()) return found;
  for (size_t i = passed.size(); i-- > 0;) {
    const bool is_own = found_at_last && i + 1 == passed.size();
    if (!is_own) found = behind_another_node(found);
    *passed[i] = {State::kKnown, found};
  }
  return found;
}

EditorLinks::Stop EditorLinks::follow(Way way) {
  std::vector<Hop> hops;
  std::optional<Stop> stop;
  while (!stop) stop = advance(way, hops);
  stop->state = State::kKnown;
  for (size_t i = hops.size(); i-- > 0;) {
    if (hops[i].is_reroute) stop->source = behind_another_node(stop->source);
    *hops[i].known = *stop;
  }
  return *stop;
}

// Goes along one link: to its end, or on to the next link.
std::optional<EditorLinks::Stop> EditorLinks::advance(Way& way, std::vector<Hop>& hops) {
  const EditorGraph& graph = *flat_.scopes[way.scope].graph;
  const auto found = graph.links.find(way.link);
  if (found == graph.links.end()) {
    return broken(
        way.holder, "link_missing",
        "its link " + to_text(way.link) + " is not in the list of links; connect it again");
  }
  const EditorLink& link = found->second;
  if (way.scope != 0 && link.origin == graph.input_node)
    return leave_subgraph(way, link.origin_slot);
  const auto origin = flat_.find(way.scope, link.origin);
  if (!origin) {
    return broken(
        way.holder, "link_origin_gone",
        "the node that feeds it, " + to_text(link.origin) + ", does not exist; connect it again");
  }
  return arrive(way, *origin, link.origin_slot, hops);
}

std::optional<EditorLinks::Stop> EditorLinks::leave_subgraph(Way& way, int64_t slot) {
  const size_t instance = flat_.scopes[way.scope].instance;
  const FlatNode& outer = flat_.nodes[instance];
  if (slot < 0 || size_t(slot) >= outer.node->inputs.size()) {
    return broken(way.holder, "link_origin_slot",
                  "the subgraph around it has no input " + std::to_string(slot));
  }
  const EditorSocket& held = outer.node->inputs[size_t(slot)];
  if (!held.link) return promoted_value(instance, size_t(slot));
  way = {outer.scope, *held.link, {instance, size_t(slot)}};
  return std::nullopt;
}

std::optional<EditorLinks::Stop> EditorLinks::arrive(Way& way, size_t origin, int64_t slot,
                                                     std::vector<Hop>& hops) {
  const FlatNode& flat = flat_.nodes[origin];
  const EditorNode& node = *flat.node;
  if (node.kind == EditorKind::kPrimitive) return Stop{{Kind::kPrimitive, origin}};
  if (node.kind == EditorKind::kReroute) {
    if (auto stop = pass(origin, 0, hops)) return stop;
    if (node.inputs.empty() || !node.inputs[0].link) return Stop{};
    way = {flat.scope, *node.inputs[0].link, {origin, 0}};
    return std::nullopt;
  }
  if (node.kind == EditorKind::kNote || slot < 0 || size_t(slot) >= output_count(node)) {
    return broken(way.holder, "link_origin_slot",
                  std::string(node.type) + " (" + flat_.step_id(origin) + ") has no output " +
                      std::to_string(slot) + "; connect it again");
  }
  const EditorSource output{Kind::kStep, origin, size_t(slot)};
  if (node.mode == EditorMode::kBypassed) return Stop{output, true};
  if (node.kind == EditorKind::kInstance) {
    if (!flat.inner) return Stop{{Kind::kBroken}};
    if (auto stop = pass(origin, size_t(slot), hops)) return stop;
    const auto& inner_link = node.definition->outputs[size_t(slot)].link;
    if (!inner_link) return Stop{};
    way = {*flat.inner, *inner_link, {origin, std::nullopt}};
    return std::nullopt;
  }
  return Stop{node.mode == EditorMode::kMuted ? EditorSource{Kind::kMuted} : output};
}

// What is known of the output of a node that only passes on; where nothing is, it becomes a hop on
// the way.
std::optional<EditorLinks::Stop> EditorLinks::pass(size_t node, size_t slot,
                                                   std::vector<Hop>& hops) {
  Stop& known = known_stops_[node][slot];
  if (known.state == State::kKnown) return known;
  if (known.state == State::kOnTheWay) return Stop{};  // a circle feeds nothing
  known.state = State::kOnTheWay;
  hops.push_back({&known, flat_.nodes[node].node->kind == EditorKind::kReroute});
  return std::nullopt;
}

EditorLinks::Stop EditorLinks::promoted_value(size_t instance, size_t input) {
  const EditorNode& node = *flat_.nodes[instance].node;
  const auto& place = node.definition->inputs[input].value_place;
  if (!place) return {};
  const auto [found, added] = instance_values_.try_emplace(instance);
  if (added) found->second = read_values(node.values);
  if (*place >= found->second.size() || found->second[*place] == nullptr) return {};
  return {{Kind::kValue, instance, 0, found->second[*place]}};
}

EditorLinks::Stop EditorLinks::broken(const Place& holder, const std::string& kind,
                                      const std::string& what) {
  const EditorNode& node = *flat_.nodes[holder.node].node;
  const std::string_view name = holder.input ? node.inputs[*holder.input].name : "";
  report(problems_,
         {flat_.step_id(holder.node), std::string(node.type), std::string(name), kind, what});
  return {{Kind::kBroken}};
}

}  // namespace heddle
