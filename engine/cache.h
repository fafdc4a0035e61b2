// The cache: results by content key, in two tiers. Memory is bounded in bytes and drops what is cheapest to have again
// for its size and age; the disk is bounded too, survives restarts, and may be shared by processes. A damaged entry is
// a miss, never a wrong result. All methods are thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/json.h"
#include "engine/key.h"
#include "engine/value.h"

namespace heddle {

/// What a step noted of its result (RunContext::notes).
struct StepNotes {
  Key key;
  std::string node;
  Json notes;
};
/// The notes of a step and of all steps that its result was made from, each once, the first ones first: they are true of
/// a result however it was come by.
using History = std::vector<std::shared_ptr<const StepNotes>>;

/// What a step gave: its outputs in order, and the seconds it took.
struct CachedResult {
  Values outputs;
  double seconds = 0;
  History history = {};
};

enum class Tier { kNone, kMemory, kDisk };

/// One tier, behind which other stores (a shared folder, an object store) may stand later.
class ResultStore {
 public:
  virtual ~ResultStore() = default;
  /// Quick, reads nothing and counts as no use: get() may still find the entry damaged or gone.
  virtual bool contains(const Key& key) = 0;
  virtual std::optional<CachedResult> get(const Key& key) = 0;
  /// May decline (too large, not writable, disk full): a cache never makes a step fail. Says why in a log line.
  virtual void put(const Key& key, const CachedResult& result) = 0;
  virtual void erase(const Key& key) = 0;
  /// This and what follows throw std::runtime_error if the store cannot be reached.
  virtual void clear() = 0;
  virtual uint64_t bytes() = 0;
  virtual uint64_t entries() = 0;
};

/// Greedy-dual-size (Cao and Irani 1997): worth = age at last use + seconds / bytes; the least worth goes first.
/// An entry counts as the bytes of its values and 256 of its own.
std::unique_ptr<ResultStore> make_memory_store(uint64_t max_bytes);

/// Files in `folder`/results, of which the least recently used goes first; each counts as whole blocks of 4 KiB. Creates
/// the folder. `readers` must outlive the store. Results of which an output cannot be written are not kept.
/// Throws std::runtime_error if the folder cannot be made or written.
std::unique_ptr<ResultStore> make_disk_store(const std::filesystem::path& folder, uint64_t max_bytes,
                                             const ValueReaders& readers);

/// The two tiers as one.
class Cache {
 public:
  /// Either may be null.
  Cache(std::unique_ptr<ResultStore> memory, std::unique_ptr<ResultStore> disk);

  Tier find(const Key& key);
  /// Memory first; what comes from disk is kept in memory too.
  std::optional<CachedResult> get(const Key& key);
  void put(const Key& key, const CachedResult& result);
  void erase(const Key& key);
  void clear();

  ResultStore* memory() { return memory_.get(); }
  ResultStore* disk() { return disk_.get(); }

 private:
  std::unique_ptr<ResultStore> memory_, disk_;
};

}  // namespace heddle
