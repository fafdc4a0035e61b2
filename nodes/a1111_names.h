// What AUTOMATIC1111 calls samplers, schedules and upscalers, and what they are called here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heddle {

struct A1111Sampling {
  std::string sampler, scheduler;
  std::string remark;  // in words, what is not the same; "" if nothing is
  bool draws_noise = false;
};

/// `sampler` as written, with or without the schedule behind it ("DPM++ 2M Karras"); `schedule_type` as newer versions
/// write it apart, or "". Of an unknown name the remark says what stands in for it.
A1111Sampling a1111_sampling(std::string_view sampler, std::string_view schedule_type);

struct A1111Upscaler {
  std::string method;
  bool in_latents = false;
  std::string remark;
};
/// The way that a second pass enlarges the first one's result.
A1111Upscaler a1111_upscaler(std::string_view name);

}  // namespace heddle
