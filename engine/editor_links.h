// What an input of a flat node is really fed by: links followed through reroutes, bypassed nodes
// and the walls of subgraphs, to a step, a stored value, or nothing. Without recursion, and each
// way only once, however many inputs share it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/editor_flatten.h"

namespace heddle {

struct EditorSource {
  enum class Kind : uint8_t {
    kNothing,    // not linked, or the way ends in nothing
    kStep,       // output `slot` of flat node `node`
    kMuted,      // a muted node: the input goes, and so does its stored value
    kPrimitive,  // the value of the primitive `node`
    kValue,      // the value of a promoted widget
    kBroken,     // a link that leads nowhere; reported
  };
  Kind kind = Kind::kNothing;
  size_t node = 0;
  size_t slot = 0;
  const Json* value = nullptr;
};

class EditorLinks {
 public:
  /// Links that lead nowhere become problems, each once. `flat` must outlive the object.
  EditorLinks(const FlatGraph& flat, Problems& problems);

  /// REQUIRES: `input` is the place of one of the inputs of flat node `node`.
  EditorSource source(size_t node, size_t input);

 private:
  enum class State : uint8_t { kNew, kOnTheWay, kKnown };
  struct Place {
    size_t node;
    std::optional<size_t> input;  // none: an output of an instance
  };
  // A link to follow, and who holds it.
  struct Way {
    size_t scope;
    EditorId link;
    Place holder;
  };
  // The end of a way that depends on no type: a source, or, if `bypassed`, an output of a bypassed
  // node.
  struct Stop {
    EditorSource source;
    bool bypassed = false;
    State state = State::kNew;
  };
  struct Hop {
    Stop* known;
    bool is_reroute;
  };
  struct Known {
    State state = State::kNew;
    EditorSource source;
  };

  Stop follow(Way way);
  std::optional<Stop> advance(Way& way, std::vector<Hop>& hops);
  std::optional<Stop> leave_subgraph(Way& way, int64_t slot);
  std::optional<Stop> arrive(Way& way, size_t origin, int64_t slot, std::vector<Hop>& hops);
  std::optional<Stop> pass(size_t node, size_t slot, std::vector<Hop>& hops);
  Stop promoted_value(size_t instance, size_t input);
  Stop broken(const Place& holder, const std::string& kind, const std::string& what);
  const EditorSocket& socket(size_t node, size_t input) const;

  const FlatGraph& flat_;
  Problems& problems_;
  std::vector<Known> known_;  // by input
  std::unordered_map<size_t, std::unordered_map<size_t, Stop>>
      known_stops_;  // by reroute or instance, by output
  std::unordered_map<size_t, std::vector<const Json*>> instance_values_;
};

}  // namespace heddle
