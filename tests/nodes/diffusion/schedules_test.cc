#include "nodes/diffusion/schedules.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/nodes/diffusion/toy_model.h"
#include "tests/support/golden.h"

namespace heddle::diffusion {
namespace {

using testing::golden_json;
using testing::golden_tensors;
using testing::max_difference;
using testing::toy_sampling;

/// Models of the goldens that exist here.
bool is_known(const nlohmann::json& c) {
  return std::set<std::string>{"eps", "v", "v_zsnr"}.contains(c.at("model"));
}

void expect_sigmas(const Sigmas& actual, const nlohmann::json& expected, double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    const float sigma = expected[i].get<float>();
    EXPECT_NEAR(actual[i], sigma,
                std::max(relative * sigma, relative > 0 && sigma < 1e-3 ? 1e-6 : 0.0))
        << "value " << i;
  }
}

TEST(ModelSampling, TablesAreExact) {
  const auto index = golden_json("schedules/schedules.json");
  const auto tensors = golden_tensors("schedules/schedules.safetensors");
  for (const auto& table : index["tables"]) {
    if (!is_known(table)) continue;
    const ModelSampling sampling = toy_sampling(table["model"]);
    EXPECT_TRUE(at::equal(at::tensor(sampling.sigmas), tensors.at(table["sigmas"])))
        << table["model"];
    EXPECT_TRUE(at::equal(at::tensor(sampling.log_sigmas), tensors.at(table["log_sigmas"])))
        << table["model"];
    EXPECT_EQ(sampling.sigma_min(), table["sigma_min"].get<float>());
    EXPECT_EQ(sampling.sigma_max(), table["sigma_max"].get<float>());
  }
}

TEST(ModelSampling, SigmasAndTimestepsMapToEachOther) {
  const auto index = golden_json("schedules/schedules.json");
  for (const auto& map : index["maps"]) {
    if (!is_known(map)) continue;
    SCOPED_TRACE(map["model"].get<std::string>());
    const ModelSampling sampling = toy_sampling(map["model"]);
    for (size_t i = 0; i < map["sigma"].size(); ++i) {
      EXPECT_EQ(sampling.timestep(map["sigma"][i]), map["timestep_of_sigma"][i].get<float>());
    }
    for (size_t i = 0; i < map["timestep"].size(); ++i) {
      const float expected = map["sigma_of_timestep"][i];
      EXPECT_NEAR(sampling.sigma(map["timestep"][i]), expected, 3e-6 * expected);
    }
    for (size_t i = 0; i < map["percent"].size(); ++i) {
      const float expected = map["percent_to_sigma"][i];
      EXPECT_NEAR(sampling.percent_to_sigma(map["percent"][i]), expected, 3e-6 * expected);
    }
  }
}

TEST(ModelSampling, ScalesInputsGuessesAndStartsAsTheReference) {
  const auto index = golden_json("schedules/schedules.json");
  const auto tensors = golden_tensors("schedules/schedules.safetensors");
  int count = 0;
  for (const auto& c : index["wrapper"]) {
    if (!is_known(c)) continue;
    const ModelSampling sampling = toy_sampling(c["model"]);
    const float sigma = c["sigma"];
    SCOPED_TRACE(c["model"].get<std::string>() + " at " + std::to_string(sigma));
    const at::Tensor x = tensors.at("wrap.x");
    const auto expect = [&](const at::Tensor& actual, const char* key) {
      const at::Tensor expected = tensors.at(c[key]);
      EXPECT_LE(max_difference(actual, expected), 3e-6 * expected.abs().max().item<double>())
          << key;
    };
    expect(sampling.scale_input(x, sigma), "input");
    expect(sampling.denoised(x, tensors.at("wrap.o"), sigma), "denoised");
    expect(sampling.start(tensors.at("wrap.la"), x, sigma),
           sigma >= sampling.sigma_max() ? "start_max" : "start");
    ++count;
  }
  EXPECT_EQ(count, 15);
}

TEST(Schedules, GiveTheReferencesValuesForEveryShareAndSampler) {
  const auto& names = schedule_names();
  int count = 0;
  const auto index = golden_json("schedules/schedules.json");
  for (const auto& c : index["schedules"]) {
    const std::string scheduler = c["scheduler"];
    if (!is_known(c) || std::find(names.begin(), names.end(), scheduler) == names.end()) continue;
    SCOPED_TRACE(c.dump().substr(0, 120));
    const double denoise = c["denoise"].is_null() ? 1 : c["denoise"].get<double>();
    const Sigmas sigmas = sampler_schedule(scheduler, c["sampler"].get<std::string>(),
                                           toy_sampling(c["model"]), c["steps"], denoise);
    expect_sigmas(sigmas, c["sigmas"], scheduler == "simple" ? 0 : 3e-6);
    ++count;
  }
  EXPECT_EQ(count, 436);
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
  EXPECT_THAT(schedule_names(),
              ::testing::ElementsAre("simple", "sgm_uniform", "karras", "normal"));
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
