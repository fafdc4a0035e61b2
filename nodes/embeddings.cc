#include "nodes/embeddings.h"

#include <algorithm>
#include <filesystem>

#include "nodes/diffusion/embedding.h"
#include "nodes/weights/safetensors.h"

namespace heddle {
namespace {

constexpr const char* kFolder = "embeddings";

// The file of an embedding: the name itself, or with an extension, here or in any folder below.
std::optional<std::string> find_file_name(const std::string& name, const Folders& folders) {
  const std::vector<std::string> files = folders.list(kFolder);
  for (const char* extension : {"", ".safetensors", ".pt", ".bin"}) {
    const std::string wanted = name + extension;
    for (const std::string& file : files) {
      if (file == wanted || std::filesystem::path(file).filename() == wanted) return file;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> mentioned_embeddings(const std::string& text, const Folders& folders) {
  std::vector<std::string> files;
  if (text.find("embedding:") == std::string::npos) return files;
  const auto note = [&](const std::string& name) -> std::optional<diffusion::Embedding> {
    if (auto file = find_file_name(name, folders)) files.push_back(*file);
    return std::nullopt;
  };
  try {
    diffusion::tokenize_prompt(text, diffusion::kEndToken, note);
  } catch (const std::invalid_argument&) {
    return files;  // the step itself will say what is wrong
  }
  return files;
}

diffusion::FindEmbedding embedding_finder(const Folders& folders, const diffusion::ClipText& encoder) {
  return [&](const std::string& name) -> std::optional<diffusion::Embedding> {
    const auto file_name = find_file_name(name, folders);
    if (!file_name) return std::nullopt;
    const auto file = weights::TensorFile::open(*folders.find(kFolder, *file_name));
    diffusion::NamedTensors tensors;
    for (const std::string& key : file->names_in_order()) tensors.emplace_back(key, file->tensor(key));
    return diffusion::pick_embedding(tensors, name, {encoder.kind().key, encoder.width()});
  };
}

}  // namespace heddle
