#include "nodes/weights/pickle_tensors.h"

#include <charconv>
#include <cmath>

#include "engine/text_encoding.h"
#include "nodes/weights/pickle_tensor.h"

namespace heddle::weights {
namespace {

using Kind = PickleKind;

constexpr size_t kMaxTensors = 100'000;  // ten times those of a checkpoint with its optimizer
constexpr size_t kMaxNameBytes = 512;    // the longest names have about 100
// A text may be mentioned any number of times. What is beyond is for nobody's eyes.
constexpr size_t kMaxMetadata = 1'000, kMaxMetadataBytes = 4096;
constexpr size_t kMaxNameDepth = 64;        // names of modules have about 10 dots
constexpr size_t kMaxAttributes = 100;  // modules have about 15, which are searched

// Walks the tree without recursion. A container may be met more than once, but its tensors only
// under one name: that is what ends loops, and trees that are wider than the file is long.
class Flattener {
 public:
  Flattener(const PickleTree& tree, const PickleSource& source, PickledTensors& found)
      : tree_(tree), source_(source), found_(found), seen_(tree.values.size()) {}

  void flatten(PickleId root) {
    if (!open(root)) source_.fail(tree_[root].at, "a dictionary or list of tensors was expected");
    while (!levels_.empty()) {
      if (levels_.back().next == items_of(levels_.back()).size()) {
        close();
      } else {
        step();
      }
    }
  }

 private:
  enum class Seen : uint8_t { kNever, kInside, kWithoutTensors, kWithTensors };
  struct Level {
    PickleId container;
    size_t next = 0;
    size_t name_length;     // of the container itself
    bool nameless = false;  // an item of it cannot be named
    size_t tensors_before;
  };

  const std::vector<PickleId>& items_of(const Level& level) const {
    return tree_.items_of(tree_[level.container]);
  }

  void step() {
    Level& level = levels_.back();
    const auto& items = items_of(level);
    name_.resize(level.name_length);
    bool nameless = level.nameless;
    if (tree_[level.container].kind == Kind::kDict) {
      nameless = !append_key(tree_[items[level.next++]]) || nameless;
    } else {
      name_.append("[").append(std::to_string(level.next)).append("]");
    }
    const PickleId item = items[level.next++];
    if (tree_[item].kind == Kind::kTensor) {
      add(tree_[item], nameless);
    } else if (open(item)) {
      levels_.back().nameless = nameless;
    }
  }

  bool append_key(const PickleValue& key) {
    if (key.kind != Kind::kInt && key.kind != Kind::kText) return false;
    if (!name_.empty()) name_ += '.';
    if (key.kind == Kind::kInt) name_ += std::to_string(key.number);
    name_ += key.text.substr(0, kMaxNameBytes + 1);
    return true;
  }

  // Enters `id` if it is a container that was not seen to be without tensors.
  bool open(PickleId id) {
    const Kind kind = tree_[id].kind;
    if (kind == Kind::kModule) return open_parameters(id);
    if (kind != Kind::kDict && kind != Kind::kList && kind != Kind::kTuple) return false;
    Seen& seen = seen_[id];
    if (seen == Seen::kWithoutTensors) return false;
    if (seen != Seen::kNever) {
      source_.fail(tree_[id].at,
                   "a dictionary or list that is also inside of itself or of another "
                   "one, at " +
                       in_quotes(name_) + kConvertAdvice);
    }
    if (levels_.size() == kMaxNameDepth) {
      source_.fail(tree_[id].at,
                   "dictionaries are nested more than 64 deep, at " + in_quotes(name_));
    }
    seen = Seen::kInside;
    levels_.push_back(
        {.container = id, .name_length = name_.size(), .tensors_before = found_.order.size()});
    return true;
  }

  // A module's tensors are under a key of its state, and named as if they were its own.
  bool open_parameters(PickleId module) {
    const auto& state = tree_.items_of(tree_[module]);
    if (state.size() > 2 * kMaxAttributes) {
      source_.fail(tree_[module].at, "a module with more than 100 attributes");
    }
    for (size_t i = 0; i + 1 < state.size(); i += 2) {
      const bool right = tree_[state[i]].text == "_parameters";
      if (right && tree_[state[i + 1]].kind == Kind::kDict) return open(state[i + 1]);
    }
    return false;
  }

  void close() {
    const bool has_tensors = found_.order.size() > levels_.back().tensors_before;
    seen_[levels_.back().container] = has_tensors ? Seen::kWithTensors : Seen::kWithoutTensors;
    levels_.pop_back();
  }

  void add(const PickleValue& value, bool nameless) {
    const auto expect = [&](bool right, const std::string& problem) {
      if (!right) source_.fail(value.at, "tensor " + in_quotes(name_) + problem);
    };
    expect(!nameless, " is under a key that is neither text nor a whole number");
    expect(name_.size() <= kMaxNameBytes, " has a name of more than 512 bytes");
    expect(is_utf8(name_), " has a name that is no text (UTF-8)");
    expect(found_.order.size() < kMaxTensors, " is one too many: there are more than 100000");
    TorchTensor tensor = pickled_tensor(tree_, value, source_, name_);
    expect(found_.tensors.emplace(name_, std::move(tensor)).second, " is there twice");
    found_.order.push_back(name_);
  }

  const PickleTree& tree_;
  const PickleSource& source_;
  PickledTensors& found_;
  std::string name_;
  std::vector<Level> levels_;
  std::vector<Seen> seen_;
};

// The value of the last `key` in a dictionary, or null.
const PickleValue* find(const PickleTree& tree, const PickleValue& dict, std::string_view key) {
  const auto& items = tree.items_of(dict);
  const PickleValue* found = nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    const PickleValue& item = tree[items[i]];
    if (item.kind == Kind::kText && item.text == key) found = &tree[items[i + 1]];
  }
  return found;
}

PickleId id_of(const PickleTree& tree, const PickleValue& value) {
  return PickleId(&value - tree.values.data());
}

PickleId find_root(const PickleTree& tree) {
  const PickleValue& root = tree[tree.root];
  if (root.kind != Kind::kDict) return tree.root;
  const auto& items = tree.items_of(root);
  const PickleValue* weights = find(tree, root, "state_dict");
  if (weights && weights->kind == Kind::kDict) return id_of(tree, *weights);
  const bool only = items.size() == 2 && tree[items[1]].kind == Kind::kDict;
  return only ? items[1] : tree.root;
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return std::string(text, end);
}

// Empty for what is neither text nor a number.
std::string metadata_text(const PickleValue& value) {
  switch (value.kind) {
    case Kind::kText:
      return std::string(value.text.substr(0, kMaxMetadataBytes));
    case Kind::kInt:
      return std::to_string(value.number);
    case Kind::kBool:
      return value.number ? "true" : "false";
    case Kind::kFloat:
      return number_text(value.real);
    default:
      return {};
  }
}

void add_metadata(const PickleTree& tree, std::map<std::string, std::string>& metadata) {
  const PickleValue& root = tree[tree.root];
  if (root.kind != Kind::kDict) return;
  const auto& items = tree.items_of(root);
  for (size_t i = 0; i + 1 < items.size() && metadata.size() < kMaxMetadata; i += 2) {
    const PickleValue& key = tree[items[i]];
    if (key.kind != Kind::kText || key.text.size() > kMaxNameBytes) continue;
    const std::string text = metadata_text(tree[items[i + 1]]);
    if (text.empty() || !is_utf8(key.text) || !is_utf8(text)) continue;
    metadata.insert_or_assign(std::string(key.text), text);
  }
}

}  // namespace

PickledTensors pickled_tensors(const PickleTree& tree, const PickleSource& source) {
  PickledTensors found;
  add_metadata(tree, found.metadata);
  Flattener(tree, source, found).flatten(find_root(tree));
  return found;
}

}  // namespace heddle::weights
