// Writes the nodes that are left as steps in API format.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/editor_declarations.h"
#include "engine/editor_file_names.h"
#include "engine/editor_flatten.h"
#include "engine/editor_links.h"
#include "engine/editor_values.h"

namespace heddle {

class EditorSteps {
 public:
  /// Everything given must outlive the object. `seed` is what choices in braces are drawn by.
  EditorSteps(const FlatGraph& flat, EditorLinks& links, EditorValues& values,
              EditorFileNames& file_names, Declarations& declarations, const EditorNames& names,
              std::string seed, Problems& problems);

  /// {"class_type", "inputs", "_meta"} of a flat node. `{"class_type": ...}` is the type also where
  /// it is unknown, which is a problem. REQUIRES: the node becomes a step.
  Json write(size_t node);

  /// The steps that the one written last refers to.
  const std::vector<size_t>& sources() const { return sources_; }

 private:
  std::optional<Json> write_input(size_t node, size_t input);
  std::optional<Json> write_value(size_t node, size_t input);
  std::string write_text(size_t node, const DeclaredInput& input, std::string text);
  std::optional<Json> fit(size_t node, Json value);
  bool take_room(size_t node, size_t size);
  void report_unknown(size_t node);
  void report_missing(size_t node, const EditorSocket& socket, EditorSource::Kind source);

  const FlatGraph& flat_;
  EditorLinks& links_;
  EditorValues& values_;
  EditorFileNames& file_names_;
  Declarations& declarations_;
  const EditorNames& names_;
  std::string seed_;
  Problems& problems_;
  size_t room_;  // bytes that the result may still grow by
  bool full_ = false;
  std::unordered_map<std::string_view, std::string> suggestions_;
  std::vector<size_t> sources_;
};

}  // namespace heddle
