#include "nodes/weights/torch_layout.h"

#include "nodes/weights/tensor_readers.h"
#include "nodes/weights/torch_legacy.h"
#include "nodes/weights/torch_zip.h"

namespace heddle::weights {
namespace {

constexpr std::string_view kZipMagic[] = {"PK\x03\x04", "PK\x05\x06"};  // the second: no members
constexpr char kProtoOpcode = '\x80';
constexpr unsigned kFirstProtocol = 2, kLastProtocol = 5;
constexpr size_t kSafetensorsHeader = 8;

bool is_zip(std::string_view bytes) {
  return bytes.starts_with(kZipMagic[0]) || bytes.starts_with(kZipMagic[1]);
}

}  // namespace

bool is_torch_file(std::string_view bytes) {
  if (is_zip(bytes)) return true;
  if (bytes.size() < 2 || bytes[0] != kProtoOpcode) return false;
  if (bytes.size() > kSafetensorsHeader && bytes[kSafetensorsHeader] == '{') return false;
  const auto protocol = uint8_t(bytes[1]);
  return protocol >= kFirstProtocol && protocol <= kLastProtocol;
}

TorchLayout read_torch_layout(std::string_view file, const std::string& file_name) {
  return is_zip(file) ? read_torch_zip(file, file_name) : read_torch_legacy(file, file_name);
}

}  // namespace heddle::weights
