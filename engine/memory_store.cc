// The memory tier. Greedy-dual-size: every entry has a worth, the age at its last use plus what a
// byte of it costs to compute again. The least worth is dropped first and its worth becomes the new
// age, so what was dear but is no longer asked for is overtaken by and by.
#include <spdlog/spdlog.h>

#include <algorithm>
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

// A network is read when it is first used, by another step than the one that gave it: it takes as long as reading its file,
// whatever its own step took.
constexpr double kBytesReadInASecond = 1e9;

// A value that two entries share counts in both: the bound is kept from above. Memory that values say they have in common
// counts once.
struct Charge {
  uint64_t own = kBookkeepingBytes;
  std::map<const void*, uint64_t> shared;

  uint64_t whole() const {
    uint64_t bytes = own;
    for (const auto& [owner, size] : shared) bytes += size;
    return bytes;
  }
};

Charge charge_of(const CachedResult& result) {
  Charge charge;
  for (const ValuePtr& value : result.outputs) {
    if (!value) continue;
    charge.own += value->bytes();
    for (const SharedBytes& part : value->shared()) {
      if (part.owner) charge.shared[part.owner.get()] = part.bytes;
    }
  }
  return charge;
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
    Charge charge;
    Rank rank;
  };
  using Entries = std::unordered_map<Key, Entry>;

  Rank rank_now(double seconds, const Charge& charge);
  uint64_t added_by(const Charge& charge) const;
  void add(const Charge& charge);
  void subtract(const Charge& charge);
  // Forgets an entry and hands its result over, to be let go without the lock: freeing a large
  // tensor takes a while.
  CachedResult take(Entries::iterator entry);

  const uint64_t max_bytes_;
  std::mutex mutex_;  // guards what follows
  uint64_t bytes_ = 0;
  std::unordered_map<const void*, int> holders_;  // entries that keep a shared piece of memory alive
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
  entry.rank = rank_now(entry.result.seconds, entry.charge);
  node.key() = entry.rank;
  by_rank_.insert(std::move(node));
  return entry.result;
}

void MemoryStore::put(const Key& key, const CachedResult& result) {
  Charge charge = charge_of(result);
  if (charge.whole() > max_bytes_) {
    if (max_bytes_ > 0) {
      spdlog::info("memory cache: a result of {} bytes is not kept, the bound is {}", charge.whole(), max_bytes_);
    }
    return;
  }
  std::vector<CachedResult> let_go;
  std::lock_guard lock(mutex_);
  if (const auto old = entries_.find(key); old != entries_.end()) let_go.push_back(take(old));
  while (bytes_ + added_by(charge) > max_bytes_) {
    const auto least = by_rank_.begin();
    age_ = least->first.worth;
    let_go.push_back(take(entries_.find(least->second)));
  }
  const Rank rank = rank_now(result.seconds, charge);
  by_rank_.emplace(rank, key);
  add(charge);
  entries_.emplace(key, Entry{result, std::move(charge), rank});
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
  holders_.clear();
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
Rank MemoryStore::rank_now(double seconds, const Charge& charge) {
  const double cost_of_a_byte = (std::isfinite(seconds) ? seconds : 0) / double(charge.whole());
  return {age_ + std::max(cost_of_a_byte, 1 / kBytesReadInASecond), ++uses_};
}

uint64_t MemoryStore::added_by(const Charge& charge) const {
  uint64_t bytes = charge.own;
  for (const auto& [owner, size] : charge.shared) bytes += holders_.contains(owner) ? 0 : size;
  return bytes;
}

void MemoryStore::add(const Charge& charge) {
  bytes_ += added_by(charge);
  for (const auto& [owner, size] : charge.shared) ++holders_[owner];
}

void MemoryStore::subtract(const Charge& charge) {
  for (const auto& [owner, size] : charge.shared) {
    if (--holders_.at(owner) == 0) holders_.erase(owner);
  }
  bytes_ -= added_by(charge);
}

CachedResult MemoryStore::take(Entries::iterator entry) {
  CachedResult result = std::move(entry->second.result);
  subtract(entry->second.charge);
  by_rank_.erase(entry->second.rank);
  entries_.erase(entry);
  return result;
}

}  // namespace

std::unique_ptr<ResultStore> make_memory_store(uint64_t max_bytes) {
  return std::make_unique<MemoryStore>(max_bytes);
}

}  // namespace heddle
