// ComfyUI's editor format (nodes, links, widget values, subgraphs...) to the API format that heddle
// runs.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>

#include "engine/json.h"
#include "engine/problem.h"

namespace heddle {

/// True for a document in editor format: an object with a list `nodes`.
bool is_editor_format(const Json& document);

struct ConvertedGraph {
  Json api;  // {"3": {"class_type", "inputs", "_meta": {"title"}}, ...}; what is broken is left out
  Problems problems;
};

struct EditorOptions {
  std::tm now{};  // local time, for %date:...% in file names
  std::optional<uint64_t>
      seed;  // what choices are drawn by, in place of the first seed in the graph
};

/// `declarations`: {class_type: {"input", "input_order", "output", "display_name", ...}} as
/// /object_info gives them. Choices in braces are drawn from a hash of the text and the first seed
/// in the graph, so the same file always gives the same graph. Never throws for a malformed
/// document: what cannot be read is a problem. Kinds of problems: malformed, duplicate_id,
/// unknown_node, link_missing, link_origin_gone, link_origin_slot, too_large, too_many; and, as
/// warnings since they are the checker's to refuse, unlinked_required and cycle.
ConvertedGraph convert_editor_graph(const Json& document, const Json& declarations,
                                    const EditorOptions& options);

}  // namespace heddle
