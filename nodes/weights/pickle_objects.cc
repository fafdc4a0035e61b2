#include "nodes/weights/pickle_objects.h"

#include "nodes/weights/safetensors_header.h"

namespace heddle::weights {
namespace {

using Kind = PickleKind;
using Items = std::vector<PickleId>;

constexpr size_t kMaxKeyBytes = 256;  // torch.save counts storages, or writes their address

}  // namespace

void PickleObjects::refuse_global(std::string_view module, std::string_view name) const {
  machine_.fail("the file asks for " + global_text(module, name) +
                ", and only tensors and plain data are read" + kConvertAdvice);
}

void PickleObjects::push_global(std::string_view module, std::string_view name) {
  const auto row = find_pickle_global(module, name);
  if (!row) refuse_global(module, name);
  machine_.push({.kind = Kind::kGlobal, .global = *row});
}

void PickleObjects::set_items(const Items& items) {
  const PickleId dict = machine_.top("a dictionary");
  if (is(dict, Kind::kInert)) return;
  if (!is(dict, Kind::kDict))
    machine_.fail("damaged pickle: keys are set in what is no dictionary");
  if (items.size() % 2 != 0) machine_.fail("damaged pickle: a key has no value");
  machine_.add_items(dict, items);
}

// ("storage", class, key, device, number of elements[, None]), or for a class of modules, in the
// old container, ("module", class, source file, source).
void PickleObjects::persistent_id() {
  const PickleId id = machine_.pop("a persistent id");
  if (is_module_class(id)) return machine_.push_again(machine_.items_of(id)[1]);
  const auto expect = [&](bool right) {
    if (right) return;
    machine_.fail(
        "damaged pickle: a persistent id must be (\"storage\", class, key, device, size)");
  };
  expect(is(id, Kind::kTuple) && machine_.items_of(id).size() >= 5);
  const Items& items = machine_.items_of(id);
  const PickleValue& word = machine_[items[0]];
  const PickleValue& type = machine_[items[1]];
  const PickleValue& key = machine_[items[2]];
  const PickleValue& size = machine_[items[4]];
  expect(word.kind == Kind::kText && word.text == "storage");
  expect(type.kind == Kind::kGlobal && pickle_global(type.global).role == PickleRole::kStorage);
  expect(key.kind == Kind::kText && key.text.size() <= kMaxKeyBytes);
  expect(size.kind == Kind::kInt && size.number >= 0);
  if (items.size() > 6 || (items.size() == 6 && !is(items[5], Kind::kNone))) {
    machine_.fail(std::string("the file has a view of a storage, as the first PyTorch wrote it") +
                  kConvertAdvice);
  }
  const int64_t storage = storage_of({.key = key.text,
                                      .type = pickle_global(type.global).type,
                                      .elements = uint64_t(size.number),
                                      .at = machine_[id].at});
  machine_.push({.kind = Kind::kStorage, .number = storage});
}

bool PickleObjects::is_module_class(PickleId id) const {
  if (!is(id, Kind::kTuple) || machine_.items_of(id).size() != 4) return false;
  const Items& items = machine_.items_of(id);
  return is(items[0], Kind::kText) && machine_[items[0]].text == "module" &&
         is(items[1], Kind::kGlobal);
}

int64_t PickleObjects::storage_of(const PickledStorage& storage) {
  if (storage.elements > uint64_t(INT64_MAX) / dtype_bytes(storage.type)) {
    machine_.fail("storage " + in_quotes(storage.key) + " of " + std::to_string(storage.elements) +
                  " elements is too large");
  }
  auto& storages = machine_.storages();
  const auto [known, is_new] = storages_.emplace(storage.key, storages.size());
  if (is_new) {
    storages.push_back(storage);
  } else if (const PickledStorage& first = storages[known->second];
             first.type != storage.type || first.elements != storage.elements) {
    machine_.fail("damaged pickle: storage " + in_quotes(storage.key) +
                  " has another type or size than before");
  }
  return int64_t(known->second);
}

const PickleGlobal& PickleObjects::callable(PickleId id) const {
  if (is(id, Kind::kGlobal)) return pickle_global(machine_[id].global);
  machine_.fail("damaged pickle: something is called that is no name");
}

void PickleObjects::fail_call(const PickleGlobal& global) const {
  machine_.fail(global_text(global.module, global.name) +
                " is called with arguments that do not belong to a tensor" + kConvertAdvice);
}

void PickleObjects::reduce() {
  const PickleId arguments = machine_.pop("arguments"), function = machine_.pop("a function");
  const PickleGlobal& global = callable(function);
  if (!is(arguments, Kind::kTuple)) machine_.fail("damaged pickle: arguments are no tuple");
  const Items& items = machine_.items_of(arguments);
  switch (global.role) {
    case PickleRole::kRebuildTensor:
    case PickleRole::kRebuildTensor2:
    case PickleRole::kRebuildTensor3:
      return rebuild_tensor(machine_[function].global, arguments);
    case PickleRole::kParameter:
      if (items.empty() || !is(items[0], Kind::kTensor)) fail_call(global);
      return machine_.push_again(items[0]);
    case PickleRole::kOrderedDict:
      return ordered_dict(arguments);
    case PickleRole::kSize:
      if (items.size() != 1 || !is(items[0], Kind::kTuple)) fail_call(global);
      return machine_.push_again(items[0]);
    case PickleRole::kInert:
      return machine_.push({.kind = Kind::kInert});
    case PickleRole::kStorage:
    case PickleRole::kDtype:
    case PickleRole::kModule:
      break;
  }
  fail_call(global);
}

// The numbers among the arguments are looked at when the tensor is wanted.
void PickleObjects::rebuild_tensor(uint16_t global, PickleId arguments) {
  const Items& items = machine_.items_of(arguments);
  if (items.empty() || !is(items[0], Kind::kStorage)) fail_call(pickle_global(global));
  machine_.push({.kind = Kind::kTensor, .global = global, .number = machine_[arguments].number});
}

void PickleObjects::ordered_dict(PickleId arguments) {
  machine_.push_container(Kind::kDict, {});
  const Items& given = machine_.items_of(arguments);
  if (given.empty()) return;
  const auto expect = [&](bool right) {
    if (!right) machine_.fail("damaged pickle: an OrderedDict is made of what is no list of pairs");
  };
  expect(given.size() == 1 && is(given[0], Kind::kList));
  for (const PickleId pair : machine_.items_of(given[0])) {
    expect((is(pair, Kind::kTuple) || is(pair, Kind::kList)) &&
           machine_.items_of(pair).size() == 2);
    set_items(machine_.items_of(pair));
  }
}

void PickleObjects::new_object() {
  const PickleId arguments = machine_.pop("arguments"), type = machine_.pop("a class");
  const PickleGlobal& global = callable(type);
  const bool plain = is(arguments, Kind::kTuple) && machine_.items_of(arguments).empty();
  if (plain && global.role == PickleRole::kModule) {
    return machine_.push_container(Kind::kModule, {});
  }
  if (global.role != PickleRole::kInert) fail_call(global);
  machine_.push({.kind = Kind::kInert});
}

void PickleObjects::build() {
  const PickleId state = machine_.pop("a state"), object = machine_.top("an object");
  switch (machine_[object].kind) {
    case Kind::kDict:  // attributes of a dictionary: versions of modules
    case Kind::kInert:
      return;
    case Kind::kModule:
      if (!is(state, Kind::kDict))
        machine_.fail("damaged pickle: a module's state is no dictionary");
      machine_[object].number = machine_[state].number;
      return;
    default:
      machine_.fail(std::string("a Python object with attributes, which no file of tensors needs") +
                    kConvertAdvice);
  }
}

}  // namespace heddle::weights
