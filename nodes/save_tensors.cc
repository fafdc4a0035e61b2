#include "nodes/save_tensors.h"

#include <ATen/ATen.h>

#include "engine/folders.h"
#include "nodes/origin_texts.h"
#include "nodes/output_name.h"

namespace heddle {
namespace {

// The same tensors; reading one tells how far the file is and whether to stop.
weights::TensorsToWrite watched(weights::TensorsToWrite tensors, const RunContext& context) {
  const auto done = std::make_shared<int>(0);
  const int total = int(tensors.size());
  for (auto& [name, tensor] : tensors) {
    tensor.read = [read = tensor.read, done, total, &context] {
      context.check_cancelled();
      context.progress(++*done, total);
      return read();
    };
  }
  return tensors;
}

}  // namespace

void save_tensors(const weights::TensorsToWrite& tensors, FileTexts texts, const std::string& prefix, RunContext& context) {
  texts.emplace("format", "pt");  // other programs do not read a file without
  for (const auto& [keyword, text] : origin_texts(*context.origin)) texts.emplace(keyword, text);
  const SavedFile saved =
      save_numbered(context.folders->output, prefix, ".safetensors", {.now = context.origin->now},
                    [&](const AppendBytes& append) { weights::write_safetensors(watched(tensors, context), texts, append); },
                    context);
  context.ui["files"].push_back({{"filename", saved.filename}, {"subfolder", saved.subfolder}, {"type", "output"}});
}

}  // namespace heddle
