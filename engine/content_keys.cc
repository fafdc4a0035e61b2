#include "engine/content_keys.h"

#include <bit>
#include <stdexcept>

namespace heddle {
namespace {

// Each type of literal has a tag of its own: the text "1" and the number 1 are different values.
void add_literal(Hasher& hasher, const Json& literal) {
  if (literal.is_string()) {
    hasher.add("text").add(literal.get_ref<const std::string&>());
  } else if (literal.is_number_float()) {
    hasher.add("float").add_number(std::bit_cast<uint64_t>(literal.get<double>()));
  } else if (literal.is_number_unsigned()) {
    hasher.add("int").add_number(literal.get<uint64_t>());
  } else if (literal.is_number_integer()) {
    hasher.add("int").add_number(uint64_t(literal.get<int64_t>()));
  } else {
    hasher.add("json").add(literal.dump());
  }
}

Key hash_file(const std::string& folder, const std::string& name, const Folders& folders, FileHashes& hashes) {
  const auto path = folders.find(folder, name);
  if (!path) throw std::runtime_error("no file \"" + name + "\" in " + folder + " any more");
  return hashes.hash(*path);
}

}  // namespace

ContentKeys content_keys(const CheckedGraph& checked, const std::string& numerics, const Folders& folders,
                         FileHashes& hashes) {
  ContentKeys result;
  result.keys.resize(checked.steps.size());
  Hasher hasher;
  for (const int i : checked.order) {
    const CheckedStep& step = checked.steps[size_t(i)];
    if (!step.node) continue;  // not needed by any output, or the graph would not have passed
    hasher.add(step.node->name).add_number(uint64_t(step.node->info.version)).add(numerics);
    for (const BoundInput& input : step.inputs) {
      const InputSpec& spec = step.node->inputs[size_t(input.spec)];
      hasher.add(spec.name);
      if (input.is_link()) {
        hasher.add("link").add(result.keys[size_t(input.step)]).add_number(uint64_t(input.slot));
      } else if (spec.is_file()) {
        const std::string& name = input.literal.get_ref<const std::string&>();
        const Key hash = hash_file(spec.folder, name, folders, hashes);
        result.files.push_back({i, spec.folder, name, hash});
        hasher.add("file").add(hash);
      } else {
        add_literal(hasher, input.literal);
      }
    }
    result.keys[size_t(i)] = hasher.finish();
  }
  return result;
}

}  // namespace heddle
