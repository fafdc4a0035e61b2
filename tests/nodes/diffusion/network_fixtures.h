// What tests of networks share: weights of a golden checkpoint's part, threads, and messages of
// errors.
#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/support/golden.h"

namespace heddle::diffusion {

/// The tensors of a spec whose names begin with `prefix`, prefix removed, as fp32.
inline test::Tensors part_tensors(const std::string& spec_file, const std::string& prefix) {
  nlohmann::json part;
  const nlohmann::json spec = test::golden_json("checkpoints/" + spec_file);
  for (const auto& [key, tensor] : spec.items()) {
    if (key == "__spec__" || key.starts_with(prefix)) part[key] = tensor;
  }
  test::Tensors tensors;
  for (const auto& [key, tensor] : test::make_tensors(part)) {
    tensors.emplace(key.substr(prefix.size()), tensor.to(at::kFloat));
  }
  return tensors;
}

inline test::MapWeights as_weights(test::Tensors tensors) { return {std::move(tensors), ""}; }

class WithThreads {
 public:
  explicit WithThreads(int n) { at::set_num_threads(n); }
  ~WithThreads() { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

/// Small networks are quickest on one thread, most of all where others keep the machine busy.
class OneThread : public ::testing::Test {
  WithThreads one_{1};
};

/// The message of the std::runtime_error that `action` throws; a failed test and "" if it throws
/// none.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

}  // namespace heddle::diffusion
