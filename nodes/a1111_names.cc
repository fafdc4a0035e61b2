#include "nodes/a1111_names.h"

#include <array>

namespace heddle {
namespace {

struct Sampler {
  std::string_view name, here;
  std::string_view automatic;  // the schedule that "Automatic" means
  bool draws_noise = false;
  std::string_view remark = "";
};
constexpr std::array kSamplers{
    Sampler{"DPM++ 2M", "dpmpp_2m", "karras"},
    Sampler{"DPM++ SDE", "dpmpp_sde", "karras", true},
    Sampler{"DPM++ 2M SDE", "dpmpp_2m_sde", "exponential", true},
    Sampler{"DPM++ 2M SDE Heun", "dpmpp_2m_sde_heun", "exponential", true},
    Sampler{"DPM++ 2S a", "dpmpp_2s_ancestral", "karras", true},
    Sampler{"DPM++ 3M SDE", "dpmpp_3m_sde", "exponential", true},
    Sampler{"Euler a", "euler_ancestral", "normal", true},
    Sampler{"Euler", "euler", "normal"},
    Sampler{"LMS", "lms", "normal"},
    Sampler{"Heun", "heun", "normal"},
    Sampler{"DPM2", "dpm_2", "karras"},
    Sampler{"DPM2 a", "dpm_2_ancestral", "karras", true},
    Sampler{"DPM fast", "dpm_fast", "normal"},
    Sampler{"DPM adaptive", "dpm_adaptive", "normal"},
    Sampler{"LCM", "lcm", "sgm_uniform", true},
    Sampler{"DDIM", "ddim", "ddim_uniform"},
    Sampler{"UniPC", "uni_pc", "normal"},
    Sampler{"PLMS", "ipndm", "ddim_uniform", false, "ipndm, a method of the same kind, stands in for it"},
    Sampler{"DDIM CFG++", "euler_cfg_pp", "ddim_uniform", false,
            "euler_cfg_pp, the same method with a scale of its own, stands in for it"},
    Sampler{"Restart", "heun", "karras", true, "heddle has no such sampler; heun without restarts stands in for it"},
};

struct Schedule {
  std::string_view name, here, remark = "";
};
constexpr std::array kSchedules{
    Schedule{"Uniform", "normal"},
    Schedule{"Normal", "normal"},
    Schedule{"Karras", "karras"},
    Schedule{"Exponential", "exponential"},
    Schedule{"Polyexponential", "exponential"},  // with its exponent of 1, which is the default there
    Schedule{"SGM Uniform", "sgm_uniform"},
    Schedule{"KL Optimal", "kl_optimal"},
    Schedule{"Simple", "simple"},
    Schedule{"DDIM", "ddim_uniform"},
    Schedule{"Beta", "beta"},
    Schedule{"Align Your Steps", "karras", "karras stands in for it; the node AlignYourStepsScheduler has it"},
    Schedule{"Align Your Steps GITS", "karras", "heddle has no such schedule; karras stands in for it"},
    Schedule{"Align Your Steps 11", "karras", "heddle has no such schedule; karras stands in for it"},
    Schedule{"Align Your Steps 32", "karras", "heddle has no such schedule; karras stands in for it"},
    Schedule{"Turbo", "sgm_uniform", "heddle has no such schedule; sgm_uniform stands in for it"},
};

struct Upscaler {
  std::string_view name, method;
  bool in_latents;
};
// Enlarging is the same with and without antialiasing.
constexpr std::array kUpscalers{
    Upscaler{"Latent", "bilinear", true},
    Upscaler{"Latent (antialiased)", "bilinear", true},
    Upscaler{"Latent (bicubic)", "bicubic", true},
    Upscaler{"Latent (bicubic antialiased)", "bicubic", true},
    Upscaler{"Latent (bicubic, antialiased)", "bicubic", true},
    Upscaler{"Latent (nearest)", "nearest-exact", true},
    Upscaler{"Latent (nearest-exact)", "nearest-exact", true},
    Upscaler{"Lanczos", "lanczos", false},
    Upscaler{"Nearest", "nearest-exact", false},
    Upscaler{"None", "lanczos", false},
};

const auto* find(const auto& table, std::string_view name) {
  for (const auto& entry : table) {
    if (entry.name == name) return &entry;
  }
  return static_cast<decltype(&table[0])>(nullptr);
}

// "DPM++ 2M Karras": a name of the table, a blank and a schedule.
const Sampler* find_sampler(std::string_view name, std::string_view& schedule) {
  if (const Sampler* sampler = find(kSamplers, name)) return sampler;
  for (const Schedule& candidate : kSchedules) {
    if (!name.ends_with(candidate.name) || name.size() <= candidate.name.size()) continue;
    const std::string_view rest = name.substr(0, name.size() - candidate.name.size() - 1);
    const Sampler* sampler = name[rest.size()] == ' ' ? find(kSamplers, rest) : nullptr;
    if (!sampler) continue;
    if (schedule.empty()) schedule = candidate.name;
    return sampler;
  }
  return nullptr;
}

void add_remark(std::string& remarks, const std::string& what, std::string_view remark) {
  if (remark.empty()) return;
  remarks += (remarks.empty() ? "" : "; ") + what + ": " + std::string(remark);
}

}  // namespace

A1111Sampling a1111_sampling(std::string_view name, std::string_view schedule_type) {
  A1111Sampling result;
  std::string_view schedule_name = schedule_type;
  const Sampler* sampler = find_sampler(name, schedule_name);
  add_remark(result.remark, "sampler \"" + std::string(name) + "\"",
             sampler ? sampler->remark : "heddle does not know it; euler stands in for it");
  result.sampler = sampler ? sampler->here : "euler";
  result.draws_noise = sampler && sampler->draws_noise;
  const bool has_own = result.sampler == "ddim" || result.sampler == "ipndm" || result.sampler == "euler_cfg_pp";
  if (schedule_name.empty() || schedule_name == "Automatic") {
    const bool is_automatic = !schedule_name.empty() || has_own || result.sampler == "lcm";
    result.scheduler = is_automatic && sampler ? sampler->automatic : "normal";
    return result;
  }
  const Schedule* schedule = find(kSchedules, schedule_name);
  add_remark(result.remark, "schedule \"" + std::string(schedule_name) + "\"",
             schedule ? schedule->remark : "heddle does not know it; normal stands in for it");
  result.scheduler = schedule ? schedule->here : "normal";
  return result;
}

A1111Upscaler a1111_upscaler(std::string_view name) {
  const Upscaler* known = find(kUpscalers, name);
  if (known) return {std::string(known->method), known->in_latents, ""};
  return {
      "lanczos", false,
      "upscaler \"" + std::string(name) + "\": no model enlarges the picture in this graph; lanczos stands in for it"};
}

}  // namespace heddle
