#include "engine/content_keys.h"

#include <bit>
#include <stdexcept>

#include "engine/file_choice.h"

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

// A text that comes by a link cannot be looked into before it is there: any change in the folder it may name files of
// changes the key.
std::string folder_state(const std::string& folder, const Folders& folders) {
  std::string state;
  for (const std::string& name : folders.list(folder)) {
    std::error_code error;
    const auto path = folders.find(folder, name);
    if (!path) continue;
    state += name + '\0' + std::to_string(std::filesystem::file_size(*path, error)) + '\0' +
             std::to_string(std::filesystem::last_write_time(*path, error).time_since_epoch().count()) + '\0';
  }
  return state;
}

// Hashes what one run of content_keys needs.
class KeyMaker {
 public:
  KeyMaker(const CheckedGraph& checked, const Folders& folders, FileHashes& hashes, ContentKeys& result)
      : checked_(checked), folders_(folders), hashes_(hashes), result_(result) {}

  Key key(int i, const std::string& numerics) {
    const CheckedStep& step = checked_.steps[size_t(i)];
    hasher_.add(step.node->name).add_number(uint64_t(step.node->info.version)).add(numerics);
    for (const BoundInput& input : step.inputs) {
      const InputSpec& spec = step.node->inputs[size_t(input.spec)];
      hasher_.add(spec.name);
      if (input.is_link()) {
        hasher_.add("link").add(result_.keys[size_t(input.step)]).add_number(uint64_t(input.slot));
        for (const Mentions& mentions : spec.mentions) hasher_.add("folder").add(folder_state(mentions.folder, folders_));
      } else if (spec.is_file()) {
        add_files(i, spec, input.literal.get_ref<const std::string&>());
      } else {
        add_literal(hasher_, input.literal);
        for (const Mentions& mentions : spec.mentions) {
          add_mentions(i, spec, mentions, input.literal.get_ref<const std::string&>());
        }
      }
    }
    return hasher_.finish();
  }

 private:
  void add_file(int i, const InputSpec& spec, const std::string& folder, const std::string& name) {
    const Key hash = hash_file(folder, name, folders_, hashes_);
    result_.files.push_back({i, spec.name, folder, name, hash});
    hasher_.add("file").add(hash);
  }

  void add_files(int i, const InputSpec& spec, const std::string& name) {
    const auto files = chosen_files(spec, name, folders_);
    if (!files) throw std::runtime_error("no file \"" + name + "\" in " + spec.folder + " any more");
    const bool is_plain = files->size() == 1 && files->front().folder == spec.folder && files->front().name == name;
    if (!is_plain) hasher_.add("files").add(name).add_number(files->size());
    for (const FolderFile& file : *files) add_file(i, spec, file.folder, file.name);
  }

  void add_mentions(int i, const InputSpec& spec, const Mentions& mentions, const std::string& text) {
    for (const std::string& name : mentions.find(text, folders_)) add_file(i, spec, mentions.folder, name);
  }

  const CheckedGraph& checked_;
  const Folders& folders_;
  FileHashes& hashes_;
  ContentKeys& result_;
  Hasher hasher_;
};

}  // namespace

ContentKeys content_keys(const CheckedGraph& checked, const std::string& numerics, const Folders& folders,
                         FileHashes& hashes) {
  ContentKeys result;
  result.keys.resize(checked.steps.size());
  KeyMaker maker(checked, folders, hashes, result);
  for (const int i : checked.order) {
    // A step without a node feeds no output, or the graph would not have passed.
    if (checked.steps[size_t(i)].node) result.keys[size_t(i)] = maker.key(i, numerics);
  }
  return result;
}

}  // namespace heddle
