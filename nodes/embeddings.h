// Textual inversions in prompts: `embedding:name`.
#pragma once

#include <string>
#include <vector>

#include "engine/folders.h"
#include "nodes/diffusion/clip_text.h"

namespace heddle {

/// The embedding files, relative to their folder, that a prompt mentions.
std::vector<std::string> mentioned_embeddings(const std::string& text, const Folders& folders);

/// Opens embeddings by name for the encoder. Both arguments must outlive the result.
diffusion::FindEmbedding embedding_finder(const Folders& folders, const diffusion::ClipText& encoder);

}  // namespace heddle
