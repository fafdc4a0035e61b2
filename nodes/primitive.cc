// Values typed into a graph, and values shown.
#include <ATen/ATen.h>

#include <limits>

#include "engine/json.h"
#include "engine/node.h"
#include "engine/registry.h"
#include "nodes/families.h"
#include "nodes/values.h"

namespace heddle {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

struct PrimitiveString final : Node {
  static constexpr NodeInfo kInfo{
      .name = "PrimitiveString", .category = "utils/primitive", .help = "A line of text.", .display_name = "String"};
  In<std::string> value{this, "value", "The text."};
  Out<std::string> result{this, "STRING"};
  void run(RunContext&) override { result = *value; }
};

struct PrimitiveStringMultiline final : Node {
  static constexpr NodeInfo kInfo{.name = "PrimitiveStringMultiline",
                                  .category = "utils/primitive",
                                  .help = "A text of several lines.",
                                  .display_name = "String (Multiline)"};
  In<std::string> value{this, "value", "The text.", kMultiline};
  Out<std::string> result{this, "STRING"};
  void run(RunContext&) override { result = *value; }
};

struct PrimitiveInt final : Node {
  static constexpr NodeInfo kInfo{
      .name = "PrimitiveInt", .category = "utils/primitive", .help = "A whole number.", .display_name = "Int"};
  In<int64_t> value{this, "value", "The number.", between(-kLargest, kLargest), kControlAfterGenerate};
  Out<int64_t> result{this, "INT"};
  void run(RunContext&) override { result = *value; }
};

struct PrimitiveFloat final : Node {
  static constexpr NodeInfo kInfo{
      .name = "PrimitiveFloat", .category = "utils/primitive", .help = "A number.", .display_name = "Float"};
  In<double> value{this, "value", "The number.", between(-kLargest, kLargest)};
  Out<double> result{this, "FLOAT"};
  void run(RunContext&) override { result = *value; }
};

struct PrimitiveBoolean final : Node {
  static constexpr NodeInfo kInfo{
      .name = "PrimitiveBoolean", .category = "utils/primitive", .help = "Yes or no.", .display_name = "Boolean"};
  In<bool> value{this, "value", "The answer."};
  Out<bool> result{this, "BOOLEAN"};
  void run(RunContext&) override { result = *value; }
};

template <class T>
const T* value_as(const ValuePtr& value) {
  const auto* typed = dynamic_cast<const Typed<T>*>(value.get());
  return typed ? &typed->data : nullptr;
}

std::string shape_text(const at::Tensor& tensor) {
  std::string text;
  for (const int64_t size : tensor.sizes()) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

// Numbers and texts as Python writes them; of the rest what can be said in a line.
std::string shown(const ValuePtr& value) {
  if (const auto* text = value_as<std::string>(value)) return *text;
  if (const auto* number = value_as<int64_t>(value)) return std::to_string(*number);
  if (const auto* number = value_as<double>(value)) return dump_python(Json(*number));
  if (const auto* flag = value_as<bool>(value)) return *flag ? "True" : "False";
  if (const auto* latent = value_as<Latent>(value)) return "LATENT " + shape_text(latent->samples);
  if (const auto* image = value_as<Image>(value)) return "IMAGE " + shape_text(image->pixels);
  if (const auto* mask = value_as<Mask>(value)) return "MASK " + shape_text(mask->values);
  if (const auto* conditioning = value_as<diffusion::Conditioning>(value)) {
    std::string text = "CONDITIONING";
    for (const auto& entry : *conditioning) text += " " + shape_text(entry.cross_attention);
    return text;
  }
  return std::string(value->type()) + ", " + std::to_string(value->bytes()) + " bytes";
}

struct PreviewAny final : Node {
  static constexpr NodeInfo kInfo{.name = "PreviewAny",
                                  .category = "utils",
                                  .help = "Shows any value as text.",
                                  .display_name = "Preview Any",
                                  .is_output = true};
  In<ValuePtr> source{this, "source", "What to show."};

  void run(RunContext& context) override { context.ui["text"] = Json::array({shown(*source)}); }
};

}  // namespace

void register_primitive_nodes(Registry& registry) {
  registry.add<PrimitiveString>();
  registry.add<PrimitiveStringMultiline>();
  registry.add<PrimitiveInt>();
  registry.add<PrimitiveFloat>();
  registry.add<PrimitiveBoolean>();
  registry.add<PreviewAny>();
}

}  // namespace heddle
