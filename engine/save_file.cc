#include "engine/save_file.h"

namespace heddle {

bool save_new_file(const std::filesystem::path& path, const FileContent& content, RunContext& context) {
  if (!context.on_saving) return write_new_file(path, content);
  SavedFileRecord record{.path = std::filesystem::absolute(path), .sha256 = "", .bytes = 0};
  const bool is_new = write_new_file(path, content, [&](const std::string& sha256, uint64_t bytes) {
    record.sha256 = sha256;
    record.bytes = bytes;
    context.on_saving(record);
  });
  if (is_new) context.saved.push_back(record);
  return is_new;
}

}  // namespace heddle
