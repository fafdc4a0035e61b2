#include "engine/cache.h"

#include <utility>

namespace heddle {

Cache::Cache(std::unique_ptr<ResultStore> memory, std::unique_ptr<ResultStore> disk)
    : memory_(std::move(memory)), disk_(std::move(disk)) {}

Tier Cache::find(const Key& key) {
  if (memory_ && memory_->contains(key)) return Tier::kMemory;
  if (disk_ && disk_->contains(key)) return Tier::kDisk;
  return Tier::kNone;
}

std::optional<CachedResult> Cache::get(const Key& key) {
  if (memory_) {
    if (auto result = memory_->get(key)) return result;
  }
  if (!disk_) return std::nullopt;
  auto result = disk_->get(key);
  if (result && memory_) memory_->put(key, *result);
  return result;
}

void Cache::put(const Key& key, const CachedResult& result) {
  if (memory_) memory_->put(key, result);
  if (disk_) disk_->put(key, result);
}

void Cache::erase(const Key& key) {
  if (memory_) memory_->erase(key);
  if (disk_) disk_->erase(key);
}

void Cache::clear() {
  if (memory_) memory_->clear();
  if (disk_) disk_->clear();
}

}  // namespace heddle
