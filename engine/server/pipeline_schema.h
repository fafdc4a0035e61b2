// What a pipeline takes, as JSON Schema (2020-12): for forms, for clients in other languages, for error answers.
#pragma once

#include "engine/folders.h"
#include "engine/pipeline.h"
#include "engine/registry.h"

namespace heddle::server {

/// Of the object of inputs. Choices come from the sockets that an input feeds; files are listed as they are now.
Json pipeline_schema(const Pipeline& pipeline, const Registry& registry, const Folders& folders);

/// Problems with inputs that fill_pipeline() is too kind to see: a value that has not the JSON type of its input. It
/// takes texts for everything, as a command line gives them.
void check_input_types(const Pipeline& pipeline, const Json& inputs, Problems& problems);

}  // namespace heddle::server
