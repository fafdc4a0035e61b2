// What a browser sees at / when no frontend is served: a plain page with links.
#pragma once

#include "engine/server/http.h"

namespace heddle::server {

Response front_page();

}  // namespace heddle::server
