// The opcodes that stand for Python objects: names, storages, and calls, of which none is made.
#pragma once

#include <unordered_map>

#include "nodes/weights/pickle_globals.h"
#include "nodes/weights/pickle_machine.h"

namespace heddle::weights {

class PickleObjects {
 public:
  explicit PickleObjects(PickleMachine& machine) : machine_(machine) {}

  /// Throws FileError for names that are not in pickle_globals.h.
  void push_global(std::string_view module, std::string_view name);
  void persistent_id();
  void reduce();
  void new_object();
  void build();
  /// Keys and values in turn, for the dictionary on top.
  void set_items(const std::vector<PickleId>& items);

 private:
  bool is(PickleId id, PickleKind kind) const { return machine_[id].kind == kind; }
  [[noreturn]] void refuse_global(std::string_view module, std::string_view name) const;
  [[noreturn]] void fail_call(const PickleGlobal& global) const;
  const PickleGlobal& callable(PickleId id) const;
  bool is_module_class(PickleId id) const;
  int64_t storage_of(const PickledStorage& storage);
  void rebuild_tensor(uint16_t global, PickleId arguments);
  void ordered_dict(PickleId arguments);

  PickleMachine& machine_;
  std::unordered_map<std::string_view, size_t> storages_;  // by key
};

}  // namespace heddle::weights
