#include "engine/editor_cycle.h"

#include <algorithm>

namespace heddle {
namespace {

enum class State : unsigned char { kNew, kOpen, kDone };

struct Visit {
  size_t step;
  size_t next_source = 0;
};

}  // namespace

std::vector<size_t> find_cycle(const std::vector<std::vector<size_t>>& sources) {
  std::vector<State> states(sources.size(), State::kNew);
  std::vector<Visit> path;
  for (size_t start = 0; start < sources.size(); ++start) {
    if (states[start] == State::kNew) path.push_back({start});
    while (!path.empty()) {
      Visit& frame = path.back();
      states[frame.step] = State::kOpen;
      if (frame.next_source == sources[frame.step].size()) {
        states[frame.step] = State::kDone;
        path.pop_back();
        continue;
      }
      const size_t source = sources[frame.step][frame.next_source++];
      if (states[source] == State::kNew) path.push_back({source});
      if (states[source] != State::kOpen) continue;
      auto first =
          std::find_if(path.begin(), path.end(), [&](const Visit& f) { return f.step == source; });
      std::vector<size_t> cycle;
      for (; first != path.end(); ++first) cycle.push_back(first->step);
      std::reverse(cycle.begin(), cycle.end());
      return cycle;
    }
  }
  return {};
}

}  // namespace heddle
