#include "engine/editor_format.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/editor_cycle.h"
#include "engine/editor_document.h"
#include "engine/editor_file_names.h"
#include "engine/editor_flatten.h"
#include "engine/editor_links.h"
#include "engine/editor_names.h"
#include "engine/editor_problems.h"
#include "engine/editor_steps.h"
#include "engine/editor_values.h"
#include "engine/json_access.h"

namespace heddle {
namespace {

class Converter {
 public:
  Converter(const Json& document, const Json& declarations, const EditorOptions& options)
      : options_(options),
        names_(read_editor_names()),
        declarations_(declarations, names_),
        document_(read_editor_document(document, names_, declarations_, problems_)),
        flat_(flatten(document_, problems_)),
        links_(flat_, problems_),
        values_(flat_, links_),
        file_names_(flat_, values_, names_, options_.now) {}

  ConvertedGraph run() {
    list_steps();
    EditorSteps steps(flat_, links_, values_, file_names_, declarations_, names_, first_seed(),
                      problems_);
    Json::object_t api;
    Json::object_t::Container& list = api;  // ids are unique: no need for the map to look for them
    std::vector<std::vector<size_t>> sources;
    for (const size_t node : steps_) {
      list.emplace_back(flat_.step_id(node), steps.write(node));
      sources.push_back(places_of(steps.sources()));
    }
    report_cycle(find_cycle(sources));
    return {std::move(api), std::move(problems_)};
  }

 private:
  // Ids that are whole numbers ascending, then the others, as JavaScript orders keys.
  void list_steps() {
    std::unordered_set<std::string> ids;
    for (size_t i = 0; i < flat_.nodes.size(); ++i) {
      const EditorNode& node = *flat_.nodes[i].node;
      if (node.kind != EditorKind::kStep || node.mode != EditorMode::kOn) continue;
      if (ids.insert(flat_.step_id(i)).second) {
        steps_.push_back(i);
      } else {
        report(problems_, {flat_.step_id(i), std::string(node.type), "", "duplicate_id",
                           "two nodes become steps with this id; give one of them another id"});
      }
    }
    const auto number = [&](size_t i) {
      const EditorId& id = flat_.nodes[i].node->id;
      const bool is_number = flat_.nodes[i].scope == 0 && id.text.empty() && id.number >= 0;
      return is_number ? id.number : INT64_MAX;
    };
    std::stable_sort(steps_.begin(), steps_.end(),
                     [&](size_t a, size_t b) { return number(a) < number(b); });
    for (size_t place = 0; place < steps_.size(); ++place) places_[steps_[place]] = place;
  }

  // The text of the first seed that is a value and not a link.
  std::string first_seed() {
    if (options_.seed) return std::to_string(*options_.seed);
    for (const size_t node : steps_) {
      const std::vector<EditorSocket>& inputs = flat_.nodes[node].node->inputs;
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (!names_.seeds.contains(std::string(inputs[i].name)) || inputs[i].declared == nullptr)
          continue;
        if (inputs[i].declared->widget != WidgetKind::kInt) continue;
        if (links_.source(node, i).kind == EditorSource::Kind::kStep) continue;
        return values_.shown(node, i).value_or(0).dump(-1, ' ', true,
                                                       Json::error_handler_t::replace);
      }
    }
    return "";
  }

  std::vector<size_t> places_of(const std::vector<size_t>& nodes) const {
    std::vector<size_t> places;
    for (const size_t node : nodes) {
      const auto place = places_.find(node);
      if (place != places_.end()) places.push_back(place->second);
    }
    return places;
  }

  void report_cycle(const std::vector<size_t>& cycle) {
    constexpr size_t kMostShown = 20;
    if (cycle.empty()) return;
    std::string path;
    for (size_t i = 0; i < std::min(cycle.size(), kMostShown); ++i)
      path += flat_.step_id(steps_[cycle[i]]) + " -> ";
    if (cycle.size() > kMostShown) path += "... -> ";
    const size_t first = steps_[cycle[0]];
    Problem problem{flat_.step_id(first), std::string(flat_.nodes[first].node->type), "", "cycle",
                    "these steps wait for one another: " + path + flat_.step_id(first)};
    problem.warning = true;
    report(problems_, std::move(problem));
  }

  const EditorOptions& options_;
  Problems problems_;
  EditorNames names_;
  Declarations declarations_;
  EditorDocument document_;
  FlatGraph flat_;
  EditorLinks links_;
  EditorValues values_;
  EditorFileNames file_names_;
  std::vector<size_t> steps_;                  // flat nodes, in the order of the result
  std::unordered_map<size_t, size_t> places_;  // in steps_
};

}  // namespace

bool is_editor_format(const Json& document) { return member(document, "nodes").is_array(); }

ConvertedGraph convert_editor_graph(const Json& document, const Json& declarations,
                                    const EditorOptions& options) {
  if (!is_editor_format(document)) {
    return {Json::object(),
            {{"", "", "", "malformed", "not a graph of the editor: it has no list \"nodes\""}}};
  }
  return Converter(document, declarations, options).run();
}

}  // namespace heddle
