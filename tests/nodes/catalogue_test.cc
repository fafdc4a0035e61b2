// What must hold for every node of the program.
#include <gmock/gmock.h>

#include "engine/literal.h"
#include "engine/object_info.h"
#include "tests/nodes/workshop.h"

namespace heddle {
namespace {

const Registry& registry() {
  static const Registry nodes = [] {
    Registry registry;
    register_nodes(registry);
    return registry;
  }();
  return nodes;
}

TEST(Catalogue, EveryNodeAndSocketIsDocumented) {
  for (const std::string& name : registry().names()) {
    const NodeDeclaration& node = *registry().find(name);
    EXPECT_FALSE(node.info.help.empty()) << name;
    EXPECT_FALSE(node.info.category.empty()) << name;
    for (const InputSpec& input : node.inputs) EXPECT_FALSE(input.help.empty()) << name << "." << input.name;
  }
}

TEST(Catalogue, EveryDefaultKeepsItsOwnBounds) {
  for (const std::string& name : registry().names()) {
    for (const InputSpec& input : registry().find(name)->inputs) {
      if (input.default_value.is_null()) continue;
      const auto cast = cast_literal(input.default_value, input.type);
      ASSERT_TRUE(cast) << name << "." << input.name;
      EXPECT_EQ(range_problem(*cast, input), std::nullopt) << name << "." << input.name;
    }
  }
}

TEST(Catalogue, EverySocketNameIsUsedOnceInANode) {
  for (const std::string& name : registry().names()) {
    std::set<std::string> seen;
    for (const InputSpec& input : registry().find(name)->inputs) EXPECT_TRUE(seen.insert(input.name).second) << name;
  }
}

// Sockets, types, order and ranges of the nodes that ComfyUI has too, as its own /object_info gives them.
TEST(Catalogue, SocketsAreThoseOfComfyUI) {
  const nlohmann::json theirs = test::golden_json("object_info.json");
  int compared = 0;
  for (const std::string& name : registry().names()) {
    if (!theirs.contains(name)) continue;
    SCOPED_TRACE(name);
    ++compared;
    const nlohmann::json ours = nlohmann::json::parse(node_info(*registry().find(name), name, {}).dump());
    EXPECT_EQ(ours["output"], theirs[name]["output"]);
    EXPECT_EQ(ours["output_name"], theirs[name]["output_name"]);
    EXPECT_EQ(ours["output_node"], theirs[name]["output_node"]);
    if (theirs[name]["display_name"].is_null()) {  // clients then show the name of the node
      EXPECT_EQ(ours["display_name"], name);
    } else {
      EXPECT_EQ(ours["display_name"], theirs[name]["display_name"]);
    }
    EXPECT_EQ(ours["category"], theirs[name]["category"]);
    EXPECT_EQ(ours["input_order"]["required"], theirs[name]["input_order"]["required"]);
    for (const auto& [input, spec] : theirs[name]["input"]["required"].items()) {
      const nlohmann::json& own = ours["input"]["required"][input];
      const bool newer_choice = spec[0] == "COMBO";  // ["COMBO", {"options": [...]}], where older nodes have [[...]]
      EXPECT_EQ(own[0].is_array(), spec[0].is_array() || newer_choice) << input;
      if (newer_choice) EXPECT_EQ(own[0], spec[1]["options"]) << input;
      if (!spec[0].is_array() && !newer_choice) EXPECT_EQ(own[0], spec[0]) << input;
      for (const char* key : {"default", "min", "max", "step", "multiline", "dynamicPrompts", "control_after_generate"}) {
        if (spec.size() > 1 && spec[1].contains(key)) EXPECT_EQ(own[1].value(key, nlohmann::json()), spec[1][key]) << input << "." << key;
      }
    }
  }
  EXPECT_GE(compared, 24);
}

}  // namespace
}  // namespace heddle
