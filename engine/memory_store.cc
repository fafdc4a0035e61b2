// The memory tier. Greedy-dual-size: every entry has a worth, the age at its last use plus what a
// byte of it costs to compute again. The least worth is dropped first and its worth becomes the new
// age, so what was dear but is no longer asked for is overtaken by and by.
#include <spdlog/spdlog.h>

#include <cmath>
#include <compare>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "engine/cache.h"

namespace heddle {
namespace {

// What an entry costs beside its values: nodes of two containers and the vector of outputs. Without
// it, numbers and short texts would fill memory unnoticed.
constexpr uint64_t kBookkeepingBytes = 256;

// A value that two entries share counts in both: the bound is kept from above.
uint64_t charge(const CachedResult& result) {
  uint64_t bytes = kBookkeepingBytes;
  for (const ValuePtr& value : result.outputs) {
    if (value) bytes += value->bytes();
  }
  return bytes;
}

struct Rank {
  double worth;
  uint64_t use;  // of equal worth, the least recently used goes first
  auto operator<=>(const Rank&) const = default;
};

class MemoryStore final : public ResultStore {
 public:
  explicit MemoryStore(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  bool contains(const Key& key) override;
  std::optional<CachedResult> get(const Key& key) override;
  void put(const Key& key, const CachedResult& result) override;
  void erase(const Key& key) override;
  void clear() override;
  uint64_t bytes() override;
  uint64_t entries() override;

 private:
  struct Entry {
    CachedResult result;
    uint64_t bytes;
    Rank rank;
  };
  using Entries = std::unordered_map<Key, Entry>;

  Rank rank_now(double seconds, uint64_t bytes);
  // Forgets an entry and hands its result over, to be let go without the lock: freeing a large
  // tensor takes a while.
  CachedResult take(Entries::iterator entry);

  const uint64_t max_bytes_;
  std::mutex mutex_;  // guards what follows
  uint64_t bytes_ = 0;
  double age_ = 0;
  uint64_t uses_ = 0;
  Entries entries_;
  std::map<Rank, Key> by_rank_;
};

bool MemoryStore::contains(const Key& key) {
  std::lock_guard lock(mutex_);
  return entries_.contains(key);
}

std::optional<CachedResult> MemoryStore::get(const Key& key) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  auto node = by_rank_.extract(entry.rank);
  entry.rank = rank_now(entry.result.seconds, entry.bytes);
  node.key() = entry.rank;
  by_rank_.insert(std::move(node));
  return entry.result;
}

void MemoryStore::put(const Key& key, const CachedResult& result) {
  const uint64_t bytes = charge(result);
  if (bytes > max_bytes_) {
    if (max_bytes_ > 0) {
      spdlog::info("memory cache: a result of {} bytes is not kept, the bound is {}", bytes,
                   max_bytes_);
    }
    return;
  }
  std::vector<CachedResult> let_go;
  std::lock_guard lock(mutex_);
  if (const auto old = entries_.find(key); old != entries_.end()) let_go.push_back(take(old));
  while (bytes_ + bytes > max_bytes_) {
    const auto least = by_rank_.begin();
    age_ = least->first.worth;
    let_go.push_back(take(entries_.find(least->second)));
  }
  const Rank rank = rank_now(result.seconds, bytes);
  by_rank_.emplace(rank, key);
  entries_.emplace(key, Entry{result, bytes, rank});
  bytes_ += bytes;
}

void MemoryStore::erase(const Key& key) {
  CachedResult let_go;
  std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(key); found != entries_.end()) let_go = take(found);
}

void MemoryStore::clear() {
  Entries let_go;
  std::lock_guard lock(mutex_);
  let_go.swap(entries_);
  by_rank_.clear();
  bytes_ = 0;
}

uint64_t MemoryStore::bytes() {
  std::lock_guard lock(mutex_);
  return bytes_;
}

uint64_t MemoryStore::entries() {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

// Ranks are kept in order, which a NaN would break.
Rank MemoryStore::rank_now(double seconds, uint64_t bytes) {
  const double cost = std::isfinite(seconds) && seconds > 0 ? seconds : 0;
  return {age_ + cost / double(bytes), ++uses_};
}

CachedResult MemoryStore::take(Entries::iterator entry) {
  CachedResult result = std::move(entry->second.result);
  bytes_ -= entry->second.bytes;
  by_rank_.erase(entry->second.rank);
  entries_.erase(entry);
  return result;
}

}  // namespace

std::unique_ptr<ResultStore> make_memory_store(uint64_t max_bytes) {
  return std::make_unique<MemoryStore>(max_bytes);
}

}  // namespace heddle
