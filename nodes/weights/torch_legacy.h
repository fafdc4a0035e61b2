// The container of torch.save before PyTorch 1.6 (and of its option
// _use_new_zipfile_serialization=False); see torch_layout.h.
#pragma once

#include "nodes/weights/torch_layout.h"

namespace heddle::weights {

TorchLayout read_torch_legacy(std::string_view file, const std::string& file_name);

}  // namespace heddle::weights
