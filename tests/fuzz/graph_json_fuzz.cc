// Graph files of any content: reading them must end, in bounded memory, with a document or an error
// that says why.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/check.h"
#include "engine/editor_format.h"
#include "engine/json.h"
#include "engine/pipeline.h"

namespace {

// A few node types with every kind of widget and socket.
constexpr std::string_view kDeclarations = R"({
  "KSampler": {"input": {"required": {
      "model": ["MODEL"], "seed": ["INT", {"default": 0, "control_after_generate": true}],
      "cfg": ["FLOAT", {"default": 8.0}], "sampler_name": [["euler", "heun"]], "latent_image": ["LATENT"]}},
    "output": ["LATENT"], "display_name": "KSampler"},
  "Load": {"input": {"required": {"image": ["COMBO", {"options": ["a.png"], "image_upload": true}]}}, "output": ["IMAGE", "MASK"]},
  "Text": {"input": {"required": {"text": ["STRING", {"multiline": true, "dynamicPrompts": true}], "clip": ["CLIP"]},
                     "optional": {"count": ["INT", {"forceInput": true}], "flag": ["BOOLEAN", {}], "any": ["*", {}]},
                     "hidden": {"prompt": "PROMPT"}},
    "input_order": {"required": ["clip", "text"]}, "output": ["CONDITIONING", "INT,FLOAT", "*"], "display_name": null},
  "SaveImage": {"input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}},
    "output": [], "display_name": "Save Image"}
})";

heddle::Json parsed_or_null(std::string_view text) {
  try {
    return heddle::parse_json(text);
  } catch (const heddle::JsonError&) {
    return nullptr;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const heddle::Json declarations = heddle::parse_json(kDeclarations);
  const heddle::Json document = parsed_or_null({reinterpret_cast<const char*>(data), size});
  // What was read can be written, and reads the same again.
  const std::string written = heddle::dump_python(document);
  if (heddle::dump_python(heddle::parse_json(written)) != written) std::abort();
  heddle::Problems problems;
  const heddle::Registry no_nodes;
  if (heddle::is_pipeline(document)) {
    const heddle::Pipeline pipeline = heddle::parse_pipeline(document, problems);
    heddle::fill_pipeline(pipeline, {{"a", 1}, {"lora", "x:1"}}, no_nodes, problems);
  }
  heddle::check_graph(heddle::parse_graph(document, problems), no_nodes, {});
  if (!heddle::is_editor_format(document)) return 0;
  const heddle::ConvertedGraph graph = heddle::convert_editor_graph(document, declarations, {});
  if (!graph.api.is_object()) std::abort();
  return 0;
}
