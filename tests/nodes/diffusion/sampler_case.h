// Runs one case of tests/golden/samplers and compares all that it records.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nodes/diffusion/sample.h"
#include "tests/nodes/diffusion/toy_model.h"
#include "tests/support/golden.h"

namespace heddle::testing {

/// A file of cases, with its tensors.
struct SamplerCases {
  explicit SamplerCases(const std::string& name)
      : index(golden_json("samplers/" + name + ".json")),
        tensors(golden_tensors("samplers/" + name + ".safetensors")) {}
  nlohmann::json index;
  Tensors tensors;
};

/// What happened in a run.
struct SamplerLog {
  at::Tensor final;
  std::vector<float> sigmas, timesteps;    // of each model call
  std::vector<at::Tensor> inputs;          // x of each model call
  std::vector<std::pair<int, int>> steps;  // step index, model call before it
  std::vector<int> totals;
};

inline diffusion::SampleRequest request_of(const nlohmann::json& c, const SamplerCases& cases) {
  diffusion::SampleRequest request;
  request.sampler = c.at("sampler");
  request.schedule = c.at("scheduler");
  request.steps = c.at("steps");
  request.denoise = c.value("denoise", 1.0);
  request.seed = std::stoull(c.at("seed").get<std::string>());
  request.add_noise = !c.value("disable_noise", false);
  if (c.contains("start")) request.start_step = c["start"].get<int>();
  if (c.contains("last")) request.end_step = c["last"].get<int>();
  request.force_full_denoise = c.value("force_full", false);
  request.latent_scale = c.at("model") == "eps_sd15" ? 0.18215 : 1;
  request.latent = c.contains("latent") ? cases.tensors.at(c["latent"])
                                        : at::zeros(c.at("shape").get<std::vector<int64_t>>());
  if (c.contains("mask")) {
    const at::Tensor mask = cases.tensors.at(c["mask"]);
    request.noise_mask = mask.reshape({-1, 1, mask.size(-2), mask.size(-1)});
  }
  return request;
}

/// With `recorded_timesteps` the toy sees the reference's timesteps: where a sigma lies half-way
/// between two, the last bit of a logarithm decides.
inline SamplerLog run_case(const nlohmann::json& c, const SamplerCases& cases,
                           bool recorded_timesteps) {
  const ToyModel toy;
  SamplerLog log;
  const diffusion::ModelSampling sampling = toy_sampling(c.at("model"));
  const diffusion::Predict predict = [&](const at::Tensor& x, const at::Tensor& timesteps,
                                         const at::Tensor& context, const at::Tensor&) {
    const size_t call = log.timesteps.size();
    log.timesteps.push_back(timesteps[0].item<float>());
    const at::Tensor t = recorded_timesteps
                             ? at::full_like(timesteps, c["call_t"].at(call).get<float>())
                             : timesteps;
    return toy.predict(x, t, context);
  };
  const diffusion::Denoiser guided =
      guided_denoiser(predict, sampling,
                      {toy_conditioning(cases.index["cond_positive"]),
                       toy_conditioning(cases.index["cond_negative"]), c.at("cfg")},
                      {});
  const diffusion::Denoiser model = [&](const at::Tensor& x, float sigma) {
    log.sigmas.push_back(sigma);
    log.inputs.push_back(x);
    return guided(x, sigma);
  };
  const diffusion::StepReport report = [&](int step, int steps, const at::Tensor&) {
    log.steps.emplace_back(step, int(log.sigmas.size()) - 1);
    log.totals.push_back(steps);
  };
  if (c.contains("scheduler")) {
    log.final = diffusion::sample(request_of(c, cases), sampling, model, report);
    return log;
  }
  const auto sigmas = c.at("sigmas").get<diffusion::Sigmas>();
  const at::Tensor noise = cases.tensors.at(c.at("noise"));
  log.final = diffusion::run_sampler(
      c.at("sampler").get<std::string>(), model,
      sampling.start(at::zeros_like(noise), noise, sigmas[0]), sigmas,
      diffusion::ancestral_noise(noise.sizes(), std::stoull(c.at("seed").get<std::string>())),
      report);
  return log;
}

inline void expect_inputs(const SamplerLog& log, const nlohmann::json& c,
                          const SamplerCases& cases) {
  if (!c.contains("x") || c.contains("mask")) return;
  const at::Tensor expected = cases.tensors.at(c["x"]);
  const double tolerance = c.value("tol_x_strict", c["tol_x"].get<double>());
  ASSERT_GE(int64_t(log.inputs.size()), expected.size(0));
  for (int64_t call = 0; call < expected.size(0); ++call) {
    EXPECT_LE(max_difference(log.inputs[size_t(call)], expected[call]), tolerance)
        << "call " << call;
  }
}

inline void expect_calls(const SamplerLog& log, const nlohmann::json& c) {
  const auto sigmas = c.at("call_sigma").get<std::vector<float>>();
  ASSERT_EQ(log.sigmas.size(), sigmas.size());
  for (size_t call = 0; call < sigmas.size(); ++call) {
    EXPECT_NEAR(log.sigmas[call], sigmas[call], 3e-6 * sigmas[call]) << "call " << call;
    EXPECT_NEAR(log.timesteps[call], c["call_t"][call].get<float>(),
                c.value("near_tie", false) ? 1 : 0)
        << "call " << call;
  }
}

inline void expect_case(const nlohmann::json& c, const SamplerCases& cases) {
  SCOPED_TRACE(c.at("id").get<std::string>());
  const SamplerLog log = run_case(c, cases, true);
  const at::Tensor final = cases.tensors.at(c.at("final"));
  EXPECT_LE(max_difference(log.final, final), c.value("tol_strict", c.at("tol").get<double>()));
  expect_inputs(log, c, cases);
  expect_calls(log, c);
  EXPECT_EQ(nlohmann::json(log.steps), c.at("callback"));
  for (const int total : log.totals) EXPECT_EQ(total, c.at("callback_total"));
  if (c.contains("tol_tie")) {
    EXPECT_LE(max_difference(run_case(c, cases, false).final, final), c["tol_tie"].get<double>());
  }
}

/// Runs every case of the file whose sampler and schedule exist here. Returns how many those were.
inline int expect_cases(const std::string& file) {
  const SamplerCases cases(file);
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  int count = 0;
  for (const auto& c : cases.index.at("cases")) {
    if (!has(diffusion::sampler_names(), c.at("sampler"))) continue;
    if (c.contains("scheduler") && !has(diffusion::schedule_names(), c["scheduler"])) continue;
    // Settings that no node of ours has, and a model patch.
    if (c.contains("options") || c.contains("differential_diffusion")) continue;
    expect_case(c, cases);
    ++count;
  }
  return count;
}

}  // namespace heddle::testing
