// The version of this program.
#pragma once

namespace heddle {

const char* version();

}  // namespace heddle
