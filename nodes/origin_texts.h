// What saved files tell about their origin: pictures as text chunks, safetensors files as metadata.
#pragma once

#include "engine/image_file.h"
#include "engine/run_context.h"

namespace heddle {

/// prompt and workflow as ComfyUI writes them, and heddle's own record; nothing where metadata is off.
ImageTexts origin_texts(const Origin& origin);

}  // namespace heddle
