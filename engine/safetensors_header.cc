#include "engine/safetensors_header.h"

#include <cstdint>
#include <fstream>
#include <string>

namespace heddle {
namespace {

constexpr size_t kLengthBytes = 8;

uint64_t little_endian(const std::string& bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// False if the file ends before.
bool read_exactly(std::ifstream& in, size_t count, std::string& bytes) {
  bytes.resize(count);
  in.read(bytes.data(), std::streamsize(count));
  return in.gcount() == std::streamsize(count);
}

}  // namespace

Json safetensors_metadata(const std::filesystem::path& file, size_t most) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes;
  if (!in || !read_exactly(in, kLengthBytes, bytes)) return nullptr;
  const uint64_t length = little_endian(bytes);
  if (length > most || !read_exactly(in, size_t(length), bytes)) return nullptr;
  try {
    const Json header = parse_json(bytes);
    const auto found = header.is_object() ? header.find("__metadata__") : header.end();
    return found != header.end() && found->is_object() ? *found : Json(nullptr);
  } catch (const JsonError&) {
    return nullptr;
  }
}

}  // namespace heddle
