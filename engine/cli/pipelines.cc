// heddle pipelines: which there are, and what one takes.
#include <filesystem>
#include <iostream>
#include <set>

#include "engine/cli/help.h"
#include "engine/cli/json_events.h"
#include "engine/cli/parse.h"
#include "engine/cli/report.h"
#include "engine/cli/source.h"
#include "engine/cli/terminal.h"
#include "engine/cli/verbs.h"
#include "engine/literal.h"

namespace heddle::cli {
namespace {

Json input_json(const PipelineInput& input) {
  Json json{{"name", input.name},
            {"type", input.type},
            {"help", input.help},
            {"optional", input.optional},
            {"to", input.to}};
  if (!input.default_value.is_null()) json["default"] = input.default_value;
  if (!input.min.is_null()) json["min"] = input.min;
  if (!input.max.is_null()) json["max"] = input.max;
  return json;
}

Json pipeline_json(const std::string& name, const std::filesystem::path& file,
                   const Pipeline& pipeline) {
  Json inputs = Json::array(), outputs = Json::array();
  for (const PipelineInput& input : pipeline.inputs) inputs.push_back(input_json(input));
  for (const PipelineOutput& output : pipeline.outputs) {
    outputs.push_back({{"name", output.name}, {"step", output.step}, {"slot", output.slot}});
  }
  return {{"name", name},          {"title", pipeline.title}, {"help", pipeline.help},
          {"file", file.string()}, {"inputs", inputs},        {"outputs", outputs}};
}

int list_pipelines(const Options& options, const Place& place) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : graph_names(place)) {
    const auto file = find_graph_file(name, place);
    const auto pipeline = peek_pipeline(name, place);
    if (!file || !pipeline) continue;  // a plain graph
    if (options.json) {
      write_json_line(std::cout, pipeline_json(name, *file, *pipeline));
    } else if (options.quiet) {
      std::cout << printable(name) << '\n';
    } else {
      rows.push_back({printable(name), printable(pipeline->title), file->string()});
    }
  }
  print_table(rows);
  if (rows.empty() && !options.json && !options.quiet) {
    std::cout << "no pipelines; they are kept in " << place.pipelines[0].string() << '\n';
  }
  return kDone;
}

int pipelines(const Options& options, const Program&) {
  const Place place = find_place(options);
  const std::string& name = options.subject;
  if (name.empty()) return list_pipelines(options, place);
  const auto file = find_graph_file(name, place);
  const auto pipeline = peek_pipeline(name, place);
  if (!file || !pipeline) {
    throw UsageError((file ? file->string() + " is no pipeline" : "there is no pipeline " + name) +
                     did_you_mean(name, graph_names(place)) + "; `heddle pipelines` lists them");
  }
  if (options.json) {
    write_json_line(std::cout, pipeline_json(name, *file, *pipeline));
    return kDone;
  }
  std::cout << pipeline_help(*pipeline, name, run_verb());
  return kDone;
}

}  // namespace

const Verb& pipelines_verb() {
  static const Verb kVerb{.name = "pipelines",
                          .summary = "lists the pipelines, or says what one takes",
                          .subject = "[NAME]",
                          .subject_help = "a pipeline or its file, to see its inputs",
                          .examples = {"heddle pipelines", "heddle pipelines txt2img"},
                          .run = pipelines};
  return kVerb;
}

}  // namespace heddle::cli
