// The zip container of torch.save; see torch_layout.h.
#pragma once

#include "nodes/weights/torch_layout.h"

namespace heddle::weights {

TorchLayout read_torch_zip(std::string_view file, const std::string& file_name);

}  // namespace heddle::weights
