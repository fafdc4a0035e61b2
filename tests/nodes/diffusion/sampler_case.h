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

namespace heddle::test {

/// A file of cases, with its tensors.
struct SamplerCases {
  explicit SamplerCases(const std::string& name)
      : group("samplers/" + name),
        index(golden_json("samplers/" + name + ".json")),
        tensors(golden_tensors("samplers/" + name + ".safetensors")) {}
  std::string group;
  nlohmann::json index;
  Tensors tensors;
};

/// What happened in a run.
struct SamplerLog {
  at::Tensor final;
  std::vector<float> sigmas, timesteps;    // of each model call
  std::vector<at::Tensor> inputs, guesses;
  std::vector<std::pair<int, at::Tensor>> steps;  // model call before the report, its guess
  std::vector<int> indices, totals;
};

/// Settings that a case names; other cases have none.
inline diffusion::Sampler sampler_of(const nlohmann::json& c) {
  diffusion::Sampler sampler = diffusion::sampler_named(c.at("sampler").get<std::string>());
  if (!c.contains("options")) return sampler;
  diffusion::SamplerOptions& options = sampler.options;
  const nlohmann::json& given = c["options"];
  options.eta = given.value("eta", options.eta);
  options.s_noise = given.value("s_noise", options.s_noise);
  options.r = given.value("r", options.r);
  options.gamma = given.value("ge_gamma", options.gamma);
  options.order = given.value("max_order", options.order);
  options.churn.amount = given.value("s_churn", 0.0);
  options.churn.lowest = given.value("s_tmin", options.churn.lowest);
  options.churn.highest = given.value("s_tmax", options.churn.highest);
  return sampler;
}

inline diffusion::Sigmas sigmas_of(const nlohmann::json& c) {
  // Lists that were given, not made.
  if (!c.contains("scheduler") || c.contains("node") || c.contains("code_only")) {
    return c.at("sigmas").get<diffusion::Sigmas>();
  }
  const auto step = [&](const char* key) {
    return c.contains(key) ? std::optional<int>(c[key].get<int>()) : std::nullopt;
  };
  return diffusion::schedule_range(
      diffusion::sampler_schedule(c["scheduler"].get<std::string>(),
                                  c.at("sampler").get<std::string>(), toy_sampling(c.at("model")),
                                  c.at("steps"), c.value("denoise", 1.0)),
      step("start"), step("last"), c.value("force_full", false));
}

inline diffusion::SampleRequest request_of(const nlohmann::json& c, const SamplerCases& cases,
                                           const diffusion::Sampler& sampler) {
  diffusion::SampleRequest request;
  request.sampler = sampler;
  request.sigmas = sigmas_of(c);
  request.noise.seed = std::stoull(c.at("seed").get<std::string>());
  request.noise.adds = !c.value("disable_noise", false);
  request.format.scale = c.at("model") == "eps_sd15" ? 0.18215 : 1;
  request.latent = c.contains("latent") ? cases.tensors.at(c["latent"])
                                        : at::zeros(c.at("shape").get<std::vector<int64_t>>());
  if (c.contains("mask")) {
    const at::Tensor mask = cases.tensors.at(c["mask"]);
    request.noise_mask = mask.reshape({-1, 1, mask.size(-2), mask.size(-1)});
  }
  if (c.contains("differential_diffusion")) request.differential = 1;
  return request;
}

/// With `recorded_timesteps` the toy sees the reference's timesteps: where a sigma lies half-way
/// between two, the last bit of a logarithm decides.
inline SamplerLog run_case(const nlohmann::json& c, const SamplerCases& cases,
                           const diffusion::Sampler& sampler, bool recorded_timesteps) {
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
                      {.positive = toy_conditioning(cases.index["cond_positive"]),
                       .negative = toy_conditioning(cases.index["cond_negative"]),
                       .scale = c.at("cfg")},
                      {});
  const diffusion::Denoiser model([&](const at::Tensor& x, float sigma, bool with_negative) {
    log.sigmas.push_back(sigma);
    log.inputs.push_back(x);
    diffusion::Guess guess = guided.guess(x, sigma, with_negative);
    log.guesses.push_back(guess.denoised);
    return guess;
  });
  const diffusion::StepReport report = [&](int step, int steps, const at::Tensor& denoised) {
    log.indices.push_back(step);
    log.steps.emplace_back(int(log.sigmas.size()) - 1, denoised);
    log.totals.push_back(steps);
  };
  log.final = diffusion::sample(request_of(c, cases, sampler), sampling, model, report).latent;
  return log;
}

/// The stricter tolerance holds for whoever has the reference's levels to the last bit; exp, log and
/// sqrt are not the same everywhere. From sigma 4519 on down one bit of them shows anyway, and the
/// levels that ancestral steps go down to and sa_solver's coefficients are float64 here.
inline double tolerance_of(const SamplerLog& log, const nlohmann::json& c,
                           const std::string& sampler, const char* key, const char* strict) {
  const bool same = log.sigmas == c.at("call_sigma").get<std::vector<float>>();
  const bool rough = c.at("model") == "v_zsnr" || sampler.starts_with("sa_solver") ||
                     sampler.find("ancestral") != std::string::npos;
  return same && !rough ? c.value(strict, c.at(key).get<double>()) : c.at(key).get<double>();
}

inline void expect_inputs(const SamplerLog& log, const nlohmann::json& c,
                          const SamplerCases& cases, const std::string& sampler) {
  if (!c.contains("x") || c.contains("mask")) return;
  const at::Tensor expected = cases.tensors.at(c["x"]);
  const double tolerance = tolerance_of(log, c, sampler, "tol_x", "tol_x_strict");
  ASSERT_GE(int64_t(log.inputs.size()), expected.size(0));
  for (int64_t call = 0; call < expected.size(0); ++call) {
    const double difference = max_difference(log.inputs[size_t(call)], expected[call]);
    EXPECT_LE(measured(cases.group + ", calls", difference, tolerance), tolerance)
        << "call " << call;
  }
}

/// How close the levels of calls are: some follow from the latent, or from differences of squares of
/// which few digits are left.
inline double level_tolerance(const std::string& sampler) {
  const bool is_loose = sampler == "dpm_adaptive" || sampler.starts_with("dpmpp_2s_ancestral") ||
                        sampler == "dpm_2_ancestral";
  return is_loose ? 1e-2 : 3e-6;
}

inline void expect_calls(const SamplerLog& log, const nlohmann::json& c,
                         const std::string& sampler) {
  const double tolerance = level_tolerance(sampler);
  const auto sigmas = c.at("call_sigma").get<std::vector<float>>();
  ASSERT_EQ(log.sigmas.size(), sigmas.size());
  for (size_t call = 0; call < sigmas.size(); ++call) {
    EXPECT_NEAR(log.sigmas[call], sigmas[call], tolerance * sigmas[call]) << "call " << call;
    EXPECT_NEAR(log.timesteps[call], c["call_t"][call].get<float>(),
                c.value("near_tie", false) || tolerance > 1e-5 ? 1 : 0)
        << "call " << call;
  }
}

/// Reports name the call whose guess they show; -1: a guess that the sampler worked out itself.
inline void expect_reports(const SamplerLog& log, const nlohmann::json& c) {
  const nlohmann::json expected = c.value("callback", nlohmann::json::array());
  ASSERT_EQ(log.steps.size(), expected.size());
  for (size_t i = 0; i < log.steps.size(); ++i) {
    const auto& [call, guess] = log.steps[i];
    EXPECT_EQ(log.indices[i], expected[i][0].get<int>());
    EXPECT_EQ(log.totals[i], c.at("callback_total").get<int>());
    if (expected[i][1].get<int>() < 0) continue;
    EXPECT_EQ(call, expected[i][1].get<int>());
    if (c.contains("mask")) continue;
    EXPECT_TRUE(at::equal(guess, log.guesses[size_t(call)]));
  }
}

/// Where a level lies on a limit its last bit decides, and the reference has both results.
inline void expect_final(const SamplerLog& log, const nlohmann::json& c,
                         const SamplerCases& cases, const std::string& sampler) {
  const double tolerance = tolerance_of(log, c, sampler, "tol", "tol_strict");
  double share = max_difference(log.final, cases.tensors.at(c.at("final"))) / tolerance;
  if (c.contains("final_alt")) {
    const at::Tensor others = cases.tensors.at(c["final_alt"]);
    for (int64_t k = 0; k < others.size(0); ++k) {
      const double other = max_difference(log.final, others[k]) / (2 * c["tol"].get<double>());
      share = std::min(share, other);
    }
  }
  EXPECT_LE(measured(cases.group, share * tolerance, tolerance), tolerance);
}

inline void expect_case(const nlohmann::json& c, const SamplerCases& cases,
                        const diffusion::Sampler& sampler) {
  SCOPED_TRACE(c.at("id").get<std::string>());
  const SamplerLog log = run_case(c, cases, sampler, true);
  expect_final(log, c, cases, sampler.name);
  expect_inputs(log, c, cases, sampler.name);
  expect_calls(log, c, sampler.name);
  expect_reports(log, c);
  if (c.contains("tol_tie")) {
    EXPECT_LE(max_difference(run_case(c, cases, sampler, false).final, cases.tensors.at(c["final"])),
              c["tol_tie"].get<double>());
  }
}

/// Runs every case of the file that names a sampler. Returns how many those were. Cases of nodes are
/// in custom_sampling_test.cc.
inline int expect_cases(const std::string& file) {
  const SamplerCases cases(file);
  int count = 0;
  for (const auto& c : cases.index.at("cases")) {
    if (c.contains("node")) continue;
    expect_case(c, cases, sampler_of(c));
    ++count;
  }
  return count;
}

}  // namespace heddle::test
