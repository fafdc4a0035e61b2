#include "nodes/weights/shared_weights.h"

#include <ATen/ATen.h>

#include <map>
#include <mutex>

namespace heddle::weights {
namespace {

// Networks keep views of what they get, so it is the storage that lives or not.
using WeakStorage = c10::weak_intrusive_ptr<c10::StorageImpl>;

class SharedWeights final : public diffusion::Weights {
 public:
  explicit SharedWeights(std::shared_ptr<const diffusion::Weights> base) : base_(std::move(base)) {}

  std::optional<diffusion::Shape> shape(const std::string& name) const override {
    return base_->shape(name);
  }
  std::vector<std::string> names() const override { return base_->names(); }

  at::Tensor get(const std::string& name) const override {
    if (const at::Tensor known = find(name); known.defined()) return known;
    const at::Tensor read = base_->get(name);  // not under the lock: others may read meanwhile
    const std::lock_guard lock(mutex_);
    if (const at::Tensor known = find_locked(name); known.defined()) return known;
    storages_.insert_or_assign(name, read.storage().getWeakStorageImpl());
    return read;
  }

 private:
  at::Tensor find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return find_locked(name);
  }

  at::Tensor find_locked(const std::string& name) const {
    const auto found = storages_.find(name);
    if (found == storages_.end()) return {};
    auto storage = found->second.lock();
    if (!storage) return {};
    const auto sizes = base_->shape(name).value();
    return at::empty({0}, at::kFloat).set_(at::Storage(std::move(storage)), 0, sizes);
  }

  std::shared_ptr<const diffusion::Weights> base_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::map<std::string, WeakStorage> storages_;
};

}  // namespace

std::shared_ptr<const diffusion::Weights> shared_weights(
    std::shared_ptr<const diffusion::Weights> base) {
  return std::make_shared<const SharedWeights>(std::move(base));
}

}  // namespace heddle::weights
