#include "engine/executor.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <queue>
#include <set>
#include <sstream>
#include <thread>

namespace heddle {
namespace {

using Clock = std::chrono::steady_clock;

// A cached result that the plan counts on is gone (evicted, damaged, removed by another process).
struct ResultGone {};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string written(const Value& value) {
  std::ostringstream out;
  value.write(out);
  return std::move(out).str();
}

// --verify-cache: a cached result must be what the step gives today, byte for byte.
void verify(const Values& cached, const Values& fresh) {
  for (size_t slot = 0; slot < fresh.size(); ++slot) {
    if (!fresh[slot]->can_write()) continue;
    const std::string expected = written(*cached.at(slot)), got = written(*fresh[slot]);
    if (expected == got) continue;
    const size_t at = size_t(std::mismatch(expected.begin(), expected.end(), got.begin(), got.end()).first -
                             expected.begin());
    throw std::runtime_error("the cached result of output " + std::to_string(slot) + " differs from a fresh one at byte " +
                             std::to_string(at) + "; `heddle cache clear` removes what is wrong, and please report this");
  }
}

// One run of one plan. The mutex guards everything below it; steps run without it.
class Execution {
 public:
  Execution(const Graph& graph, const CheckedGraph& checked, const Plan& plan, const Session& session, RunResult& result)
      : graph_(graph), checked_(checked), plan_(plan), session_(session), result_(result) {
    const size_t count = checked.steps.size();
    missing_.resize(count);
    readers_.resize(count);
    feeds_.resize(count);
    values_.resize(count);
    histories_.resize(count);
    position_.resize(count);
    for (size_t at = 0; at < plan.order.size(); ++at) position_[size_t(plan.order[at])] = int(at);
    for (const int i : plan.order) count_inputs(i);
    for (const int i : checked.outputs) ++readers_[size_t(shared_step(plan, i))];  // kept for the caller
    remaining_ = int(plan.order.size());
    for (const int i : plan.order) {
      if (missing_[size_t(i)] == 0) make_ready(i);
    }
  }

  void run() {
    std::vector<std::jthread> pool;
    const auto pool_steps =
        std::count_if(plan_.order.begin(), plan_.order.end(), [&](int i) { return lane(i) == Lane::kPool; });
    for (int k = 0; k < std::min<long>(kPoolThreads, pool_steps); ++k) {
      pool.emplace_back([this] { work(Lane::kPool); });
    }
    work(Lane::kDevice);
    pool.clear();  // joins
    if (failure_) std::rethrow_exception(failure_);
    for (const int i : checked_.outputs) result_.values[size_t(i)] = values_[size_t(shared_step(plan_, i))];
  }

 private:
  static constexpr int kPoolThreads = 2;

  struct LaterFirst {
    bool operator()(const std::pair<int, int>& a, const std::pair<int, int>& b) const { return a.first > b.first; }
  };
  // Ready steps, the earliest in the order of the plan first.
  using ReadyQueue = std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, LaterFirst>;

  // What is cached is taken at once: no thread is worth it.
  Lane lane(int i) const {
    return plan_.steps[size_t(i)].action == Action::kRun ? checked_.steps[size_t(i)].node->info.lane : Lane::kDevice;
  }

  void count_inputs(int i) {
    if (plan_.steps[size_t(i)].action != Action::kRun) return;
    for (const BoundInput& input : checked_.steps[size_t(i)].inputs) {
      if (!input.is_link()) continue;
      const int from = shared_step(plan_, input.step);
      ++missing_[size_t(i)];
      ++readers_[size_t(from)];
      feeds_[size_t(from)].push_back(i);
    }
  }

  void make_ready(int i) {
    ReadyQueue& queue = lane(i) == Lane::kPool ? ready_pool_ : ready_device_;
    queue.emplace(position_[size_t(i)], i);
  }

  // Takes steps of one lane until all are done or something has failed.
  void work(Lane lane) {
    ReadyQueue& queue = lane == Lane::kPool ? ready_pool_ : ready_device_;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !queue.empty() || remaining_ == 0 || failure_; });
      if (remaining_ == 0 || failure_) return;
      const int i = queue.top().second;
      queue.pop();
      lock.unlock();
      CachedResult result;
      std::exception_ptr failure;
      try {
        result = take_step(i);
      } catch (...) {
        failure = std::current_exception();  // rethrown by run(), on the thread of the caller
      }
      lock.lock();
      if (failure) {
        fail(i, failure);
      } else {
        finish(i, std::move(result));
      }
    }
  }

  void finish(int i, CachedResult result) {
    values_[size_t(i)] = std::move(result.outputs);
    histories_[size_t(i)] = std::move(result.history);
    --remaining_;
    bool woke_pool = false;
    for (const int next : feeds_[size_t(i)]) {
      if (--missing_[size_t(next)] > 0) continue;
      make_ready(next);
      woke_pool |= lane(next) != lane(i);
    }
    release_inputs(i);
    release_if_unread(i);
    if (woke_pool || remaining_ == 0) changed_.notify_all();
  }

  void fail(int i, std::exception_ptr failure) {
    if (failure_) return;
    failure_ = wrapped(i, failure);
    changed_.notify_all();
  }

  // The one place where what a node throws gets the name of its step.
  std::exception_ptr wrapped(int i, std::exception_ptr failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const Cancelled&) {
      return failure;
    } catch (const ResultGone&) {
      return failure;
    } catch (const std::exception& error) {
      const StepRef step = ref(i);
      if (session_.observer) session_.observer->step_failed(step, error.what());
      return std::make_exception_ptr(StepError(step, error.what()));
    }
  }

  void release_inputs(int i) {
    if (plan_.steps[size_t(i)].action != Action::kRun) return;
    for (const BoundInput& input : checked_.steps[size_t(i)].inputs) {
      if (!input.is_link()) continue;
      const int from = shared_step(plan_, input.step);
      --readers_[size_t(from)];
      release_if_unread(from);
    }
  }

  void release_if_unread(int i) {
    if (readers_[size_t(i)] == 0) values_[size_t(i)].clear();
  }

  StepRef ref(int i) const {
    const Step& step = graph_.steps[size_t(i)];
    return {i, step.id, step.node};
  }

  template <class Event>
  void tell(Event event) {
    if (!session_.observer) return;
    const std::lock_guard lock(observer_mutex_);
    event(*session_.observer);
  }

  CachedResult take_step(int i) {
    if (session_.cancel) session_.cancel->check();
    if (plan_.steps[size_t(i)].action != Action::kCached) return run_step(i);
    if (const auto& saved = plan_.steps[size_t(i)].saved) return show_again(i, *saved);
    const Key& key = plan_.steps[size_t(i)].key;
    auto cached = session_.cache->get(key);
    if (!cached || cached->outputs.size() != checked_.steps[size_t(i)].node->outputs.size()) {
      session_.cache->erase(key);
      throw ResultGone{};
    }
    tell([&](Observer& o) { o.step_cached(ref(i), plan_.steps[size_t(i)].tier == Tier::kDisk); });
    const std::lock_guard lock(result_mutex_);
    ++result_.cached;
    for (const auto& step : cached->history) {
      if (step->key == key) result_.notes[graph_.steps[size_t(i)].id] = step->notes;
    }
    return std::move(*cached);
  }

  CachedResult show_again(int i, const SavedOutput& saved) {
    tell([&](Observer& o) { o.step_output_cached(ref(i), saved); });
    const std::lock_guard lock(result_mutex_);
    ++result_.cached;
    result_.outputs[graph_.steps[size_t(i)].id] = saved.ui;
    return {};
  }

  CachedResult run_step(int i) {
    const auto start = Clock::now();
    if (session_.observer) tell([&](Observer& o) { o.step_started(ref(i)); });
    const NodeDeclaration& node = *checked_.steps[size_t(i)].node;
    const std::unique_ptr<Node> instance = node.make();
    bind_inputs(i, *instance);
    RunContext context = make_context(i);
    if (session_.ledger && node.info.is_output) {
      context.on_saving = [this](const SavedFileRecord& file) { session_.ledger->about_to_name(file); };
    }
    CachedResult result{.outputs = {}, .seconds = 0, .history = inherited_history(i)};
    std::optional<Origin> origin;
    if (node.info.is_output) context.origin = &origin.emplace(with_history(session_.origin(), result.history));
    instance->run(context);
    context.check_cancelled();
    result.outputs = collect_outputs(node, *instance);
    result.seconds = seconds_since(start);
    add_notes(i, context.notes, result.history);
    if (session_.cache && !node.info.is_output) keep(i, result);
    if (session_.ledger && node.info.is_output) keep_saved(i, {context.ui, context.saved});
    report(i, context, result.seconds);
    return result;
  }

  void keep(int i, const CachedResult& result) {
    const Key& key = plan_.steps[size_t(i)].key;
    if (session_.verify_cache) {
      if (const auto cached = session_.cache->get(key)) return verify(cached->outputs, result.outputs);
    }
    session_.cache->put(key, result);
  }

  void keep_saved(int i, const SavedOutput& output) {
    session_.ledger->keep(plan_.steps[size_t(i)].key, output);
    tell([&](Observer& o) { o.step_saved(ref(i), output.files); });
  }

  // Of all inputs, each note once.
  History inherited_history(int i) const {
    History history;
    std::set<Key> known;
    for (const BoundInput& input : checked_.steps[size_t(i)].inputs) {
      if (!input.is_link()) continue;
      for (const auto& step : histories_[size_t(shared_step(plan_, input.step))]) {
        if (known.insert(step->key).second) history.push_back(step);
      }
    }
    return history;
  }

  void add_notes(int i, const Json& notes, History& history) const {
    if (notes.empty()) return;
    history.push_back(std::make_shared<const StepNotes>(
        StepNotes{.key = plan_.steps[size_t(i)].key, .node = graph_.steps[size_t(i)].node, .notes = notes}));
  }

  // What a saved file tells of the steps that made it.
  static Origin with_history(Origin origin, const History& history) {
    if (!origin.metadata || history.empty()) return origin;
    Json& notes = origin.record["notes"] = Json::array();
    for (const auto& step : history) {
      Json& entry = notes.emplace_back(Json{{"node", step->node}});
      entry.update(step->notes);
      entry.erase("summary");  // the same in words
    }
    return origin;
  }

  void bind_inputs(int i, Node& instance) {
    for (const BoundInput& input : checked_.steps[size_t(i)].inputs) {
      InputSocket& socket = *instance.inputs[size_t(input.spec)];
      if (!input.is_link()) {
        socket.bind(input.literal, session_.folders);
        continue;
      }
      // No lock: the producer has finished, and its values stay until this step has.
      socket.bind(values_[size_t(shared_step(plan_, input.step))].at(size_t(input.slot)));
    }
  }

  RunContext make_context(int i) {
    RunContext context;
    context.folders = &session_.folders;
    context.cancel = session_.cancel;
    if (!session_.observer) return context;
    context.on_progress = [this, i](int value, int total, const Picture* preview) {
      tell([&](Observer& o) {
        if (preview) o.step_preview(ref(i), *preview);
        o.step_progress(ref(i), value, total);
      });
    };
    context.on_warning = [this, i](const std::string& message) {
      tell([&](Observer& o) { o.step_warning(ref(i), message); });
    };
    return context;
  }

  static Values collect_outputs(const NodeDeclaration& node, const Node& instance) {
    Values values;
    values.reserve(instance.outputs.size());
    for (const OutputSocket* output : instance.outputs) {
      if (!output->value()) throw std::logic_error(node.name + " gave nothing at output " + output->spec.name);
      values.push_back(output->value());
    }
    return values;
  }

  void report(int i, RunContext& context, double seconds) {
    if (session_.observer) tell([&](Observer& o) { o.step_finished(ref(i), seconds, context.ui, context.notes); });
    const std::lock_guard lock(result_mutex_);
    ++result_.ran;
    const std::string& id = graph_.steps[size_t(i)].id;
    if (!context.ui.empty()) result_.outputs[id] = std::move(context.ui);
    if (!context.notes.empty()) result_.notes[id] = std::move(context.notes);
  }

  const Graph& graph_;
  const CheckedGraph& checked_;
  const Plan& plan_;
  const Session& session_;
  RunResult& result_;
  std::mutex observer_mutex_, result_mutex_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> missing_;             // inputs of a step that are not there yet
  std::vector<int> readers_;             // steps, and the caller, that still need a result
  std::vector<std::vector<int>> feeds_;  // steps that a result goes to
  std::vector<int> position_;            // of a step in the plan
  std::vector<Values> values_;
  std::vector<History> histories_;
  ReadyQueue ready_device_, ready_pool_;
  int remaining_ = 0;
  std::exception_ptr failure_;
};

// Verifying runs everything that is needed, cached or not, so nothing is planned from the cache.
Plan plan_for(const CheckedGraph& checked, const std::vector<Key>& keys, const Session& session) {
  return make_plan(checked, keys, session.verify_cache ? nullptr : session.cache,
                   session.verify_cache ? nullptr : session.ledger);
}

}  // namespace

StepError::StepError(StepRef step, const std::string& message)
    : std::runtime_error("step " + step.id + " (" + step.node + "): " + message),
      step(std::move(step)),
      message(message) {}

RunResult run_graph(const Graph& graph, const CheckedGraph& checked, const std::vector<Key>& keys,
                    const Session& session) {
  while (true) {
    RunResult result;
    result.values.resize(checked.steps.size());
    const Plan plan = plan_for(checked, keys, session);
    if (session.observer) session.observer->planned(plan);
    try {
      Execution(graph, checked, plan, session, result).run();
      return result;
    } catch (const ResultGone&) {
      // What was counted on is erased now, so the next plan runs it: this ends.
    }
  }
}

}  // namespace heddle
