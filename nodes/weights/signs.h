// Tables of what a file is are keyed by signs: a whole key ("latent_tensor"), or the beginning of
// keys, which then ends with a dot ("control_model.").
#pragma once

#include <map>
#include <string>

namespace heddle::weights {

template <typename Value>
bool has_sign(const std::map<std::string, Value>& keys, const std::string& sign) {
  const auto found = keys.lower_bound(sign);
  if (found == keys.end()) return false;
  return sign.ends_with('.') ? found->first.starts_with(sign) : found->first == sign;
}

}  // namespace heddle::weights
