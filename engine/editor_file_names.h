// Placeholders in the file names of nodes that save: %NODE.WIDGET% becomes the widget's value,
// %date:yyyy-MM-dd% the time.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/editor_names.h"
#include "engine/editor_values.h"

namespace heddle {

/// `pattern` with d, dd, M, MM, yy, yyyy, h, hh (of 24), m, mm, s and ss replaced.
std::string format_date(std::string_view pattern, const std::tm& time);

class EditorFileNames {
 public:
  EditorFileNames(const FlatGraph& flat, EditorValues& values, const EditorNames& names,
                  const std::tm& now)
      : flat_(flat), values_(values), names_(names), now_(now) {}

  /// What is not found stays as it is, as do %width% and %height%.
  std::string replace(std::string_view text);

 private:
  std::optional<std::string> meaning(std::string_view placeholder);
  std::optional<std::string> widget_value(size_t node, std::string_view widget);
  void index_nodes();

  const FlatGraph& flat_;
  EditorValues& values_;
  const EditorNames& names_;
  const std::tm& now_;
  bool indexed_ = false;
  std::unordered_map<std::string_view, size_t> by_search_name_, by_title_;
};

}  // namespace heddle
