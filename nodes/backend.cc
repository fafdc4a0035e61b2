#include "nodes/backend.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <sstream>
#include <thread>

#include "nodes/weights/inspect.h"

namespace heddle {
namespace {

// Raised whenever our own arithmetic may give other bytes.
constexpr const char* kKernelVersion = "k1";

// One string a line.
Json lines_of(const std::string& text) {
  Json lines = Json::array();
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

SystemInfo TorchBackend::system_info() const {
  SystemInfo info;
  info.libtorch = TORCH_VERSION;
  info.processor = at::get_cpu_capability();
  info.precision = "fp32";
  info.numerics = info.precision + " libtorch " + info.libtorch + " " + info.processor + " " + kKernelVersion;
  return info;
}

void TorchBackend::set_threads(int threads) {
  at::set_num_threads(threads > 0 ? threads : int(std::max(1u, std::thread::hardware_concurrency())));
}

Json TorchBackend::inspect(const std::filesystem::path& file) const {
  const weights::FileSummary summary = weights::inspect_file(file);
  Json json{{"kind", weights::kind_name(summary.kind)}};
  if (!summary.what.empty()) json["what"] = summary.what;
  if (!summary.family.empty()) json["family"] = summary.family;
  if (!summary.reason.empty()) json["reason"] = summary.reason;
  if (!summary.prediction.empty()) json["prediction"] = summary.prediction;
  if (!summary.layout.empty()) json["layout"] = lines_of(summary.layout);
  if (!summary.triggers.empty()) json["trigger_words"] = summary.triggers;
  json["dtypes"] = summary.dtypes;
  json["tensors"] = summary.tensors;
  json["bytes"] = summary.bytes;
  json["metadata"] = summary.metadata;
  return json;
}

}  // namespace heddle
