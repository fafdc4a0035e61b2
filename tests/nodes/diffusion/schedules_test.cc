#include "nodes/diffusion/schedules.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/nodes/diffusion/toy_model.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using test::golden_json;
using test::golden_tensors;
using test::max_difference;
using test::measured;
using test::toy_sampling;

void expect_sigmas(const Sigmas& actual, const nlohmann::json& expected, double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    if (expected[i] == "nan") {
      EXPECT_TRUE(std::isnan(actual[i])) << "value " << i;
      continue;
    }
    const float sigma = expected[i].get<float>();
    const double allowed = std::max(relative * sigma, relative > 0 && sigma < 1e-3 ? 1e-6 : 0.0);
    const std::string group = relative > 0 ? "schedules" : "schedules, entries of the table";
    EXPECT_LE(measured(group, std::abs(double(actual[i]) - sigma), allowed), allowed) << "value " << i;
  }
}

/// What the goldens promise for a schedule: entries of the table are exact.
double tolerance_of(const std::string& schedule, const std::string& model) {
  const bool is_entries = schedule == "simple" || schedule == "ddim_uniform" || schedule == "beta";
  if (is_entries && !model.starts_with("edm")) return 0;
  return schedule == "kl_optimal" && model.ends_with("zsnr") ? 4e-4 : 3e-6;
}

// Tables of training are float64, rounded once; what was computed in fp32 depends on the last bit of
// a machine's exp and log.
void expect_table(const std::vector<float>& actual, const at::Tensor& expected, bool exact) {
  const at::Tensor table = at::tensor(actual);
  ASSERT_EQ(table.sizes(), expected.sizes());
  if (exact) {
    EXPECT_TRUE(at::equal(table, expected));
  } else {
    EXPECT_TRUE(at::allclose(table, expected, 3e-6, 1e-6));
  }
}

TEST(ModelSampling, TablesAreExact) {
  const auto index = golden_json("schedules/schedules.json");
  const auto tensors = golden_tensors("schedules/schedules.safetensors");
  for (const auto& table : index["tables"]) {
    const std::string model = table["model"];
    SCOPED_TRACE(model);
    const ModelSampling sampling = toy_sampling(model);
    const bool continuous = model.starts_with("edm"), distilled = model.starts_with("lcm");
    expect_table(sampling.sigmas, tensors.at(table["sigmas"]), !continuous);
    expect_table(sampling.log_sigmas, tensors.at(table["log_sigmas"]), !continuous && !distilled);
    EXPECT_EQ(sampling.sigma_min(), table["sigma_min"].get<float>());
    EXPECT_EQ(sampling.sigma_max(), table["sigma_max"].get<float>());
    EXPECT_EQ(sampling.sigma_data, table["sigma_data"].get<double>());
  }
}

/// A number of the goldens, which write those that JSON lacks as words.
float number(const nlohmann::json& value) {
  if (!value.is_string()) return value;
  return std::stof(value.get<std::string>());
}

TEST(ModelSampling, SigmasAndTimestepsMapToEachOther) {
  const auto index = golden_json("schedules/schedules.json");
  for (const auto& map : index["maps"]) {
    SCOPED_TRACE(map["model"].get<std::string>());
    const ModelSampling sampling = toy_sampling(map["model"]);
    const auto expect = [](float actual, const nlohmann::json& expected, double relative) {
      const float value = number(expected);
      if (actual == value) return;
      const double allowed = std::max(relative * std::abs(value), relative > 0 ? 1e-9 : 0);
      EXPECT_LE(measured("schedules, sigma and timestep", std::abs(double(actual) - value), allowed), allowed);
    };
    const double relative = sampling.timesteps == Timesteps::kTable ? 0 : 3e-6;
    for (size_t i = 0; i < map["sigma"].size(); ++i) {
      expect(sampling.timestep(number(map["sigma"][i])), map["timestep_of_sigma"][i], relative);
    }
    for (size_t i = 0; i < map["timestep"].size(); ++i) {
      expect(sampling.sigma(map["timestep"][i]), map["sigma_of_timestep"][i], 3e-6);
    }
    for (size_t i = 0; i < map["percent"].size(); ++i) {
      expect(sampling.percent_to_sigma(map["percent"][i]), map["percent_to_sigma"][i], 3e-6);
    }
  }
}

TEST(ModelSampling, ScalesInputsGuessesAndStartsAsTheReference) {
  const auto index = golden_json("schedules/schedules.json");
  const auto tensors = golden_tensors("schedules/schedules.safetensors");
  int count = 0;
  for (const auto& c : index["wrapper"]) {
    const ModelSampling sampling = toy_sampling(c["model"]);
    const float sigma = c["sigma"];
    SCOPED_TRACE(c["model"].get<std::string>() + " at " + std::to_string(sigma));
    const at::Tensor x = tensors.at("wrap.x");
    const auto expect = [&](const at::Tensor& actual, const char* key) {
      const at::Tensor expected = tensors.at(c[key]);
      const double allowed = 3e-6 * expected.abs().max().item<double>();
      EXPECT_LE(measured("schedules, scaling", max_difference(actual, expected), allowed), allowed) << key;
    };
    expect(sampling.scale_input(x, sigma), "input");
    expect(sampling.denoised(x, tensors.at("wrap.o"), sigma), "denoised");
    expect(sampling.start(tensors.at("wrap.la"), x, sigma),
           sigma >= sampling.sigma_max() ? "start_max" : "start");
    ++count;
  }
  EXPECT_EQ(count, 45);
}

TEST(Schedules, GiveTheReferencesValuesForEveryShareAndSampler) {
  const auto index = golden_json("schedules/schedules.json");
  int basic = 0;
  for (const auto& c : index["schedules"]) {
    const std::string scheduler = c["scheduler"];
    SCOPED_TRACE(c.dump().substr(0, 120));
    const ModelSampling sampling = toy_sampling(c["model"]);
    const double denoise = c["denoise"].is_null() ? 1 : c["denoise"].get<double>();
    const double tolerance = tolerance_of(scheduler, c["model"]);
    const Sigmas sigmas = sampler_schedule(scheduler, c["sampler"].get<std::string>(), sampling,
                                           c["steps"], denoise);
    expect_sigmas(sigmas, c["sigmas"], tolerance);
    if (!c.contains("basic_scheduler_sigmas")) continue;
    expect_sigmas(last_of_schedule(scheduler, sampling, c["steps"], denoise),
                  c["basic_scheduler_sigmas"], tolerance);
    ++basic;
  }
  EXPECT_EQ(basic, 13);
}

TEST(Schedules, ARangeOfStepsIsCutAsInKSamplerAdvanced) {
  const auto step = [](const nlohmann::json& value) {
    return value.is_null() ? std::nullopt : std::optional<int>(value.get<int>());
  };
  const auto index = golden_json("schedules/schedules.json");
  for (const auto& c : index["step_ranges"]) {
    SCOPED_TRACE(c.dump().substr(0, 160));
    const Sigmas whole =
        sampler_schedule(c["scheduler"].get<std::string>(), c["sampler"].get<std::string>(),
                         toy_sampling(c["model"]), c["steps"], c["denoise"]);
    const Sigmas range =
        schedule_range(whole, step(c["start_step"]), step(c["last_step"]), c["force_full_denoise"]);
    expect_sigmas(range, c.value("sigmas", nlohmann::json::array()), 3e-6);
  }
}

TEST(Schedules, AreListedInComfyUisOrder) {
  EXPECT_THAT(schedule_names(), ::testing::ElementsAre("simple", "sgm_uniform", "karras",
                                                       "exponential", "ddim_uniform", "beta",
                                                       "normal", "linear_quadratic", "kl_optimal"));
}

TEST(Schedules, WorkForOneStepAndForTenThousand) {
  const ModelSampling sampling = stable_diffusion_sampling();
  for (const std::string& name : schedule_names()) {
    EXPECT_EQ(make_schedule(name, sampling, 1).back(), 0) << name;
    const Sigmas many = make_schedule(name, sampling, 10000);
    EXPECT_EQ(many.back(), 0) << name;
    EXPECT_GE(many.size(), 900) << name;
    EXPECT_TRUE(std::is_sorted(many.rbegin(), many.rend())) << name;
  }
}

TEST(Schedules, AnUnknownNameIsAnError) {
  EXPECT_THROW(make_schedule("linear", stable_diffusion_sampling(), 4), std::invalid_argument);
}

TEST(Schedules, ATinyDenoiseIsAnErrorThatSaysSo) {
  try {
    sampler_schedule("karras", "euler", stable_diffusion_sampling(), 10000, 1e-9);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("raise denoise or lower steps"));
  }
}

}  // namespace
}  // namespace heddle::diffusion
