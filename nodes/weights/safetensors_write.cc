#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nodes/weights/safetensors.h"

namespace heddle::weights {
namespace {

using Entry = std::pair<std::string, at::Tensor>;

// Widest elements first, as the reference writer: then every tensor is aligned.
std::vector<Entry> in_file_order(const std::map<std::string, at::Tensor>& tensors) {
  std::vector<Entry> order(tensors.begin(), tensors.end());
  std::stable_sort(order.begin(), order.end(), [](const Entry& a, const Entry& b) {
    return a.second.element_size() > b.second.element_size();
  });
  for (Entry& entry : order) entry.second = entry.second.contiguous();
  return order;
}

std::string header_text(const std::vector<Entry>& order,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t at = 0;
  for (const auto& [name, tensor] : order) {
    const std::string_view dtype = dtype_name(tensor.scalar_type());
    if (dtype.empty() || name == "__metadata__") {
      throw FileError("safetensors cannot hold tensor " + in_quotes(name) +
                      " of type " + c10::toString(tensor.scalar_type()));
    }
    header[name] = {{"dtype", dtype},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {at, at + tensor.nbytes()}}};
    at += tensor.nbytes();
  }
  try {
    std::string text = header.dump();
    return text.append((8 - text.size() % 8) % 8, ' ');
  } catch (const nlohmann::json::type_error& error) {
    throw FileError(std::string("a name or the metadata is no valid UTF-8: ") + error.what());
  }
}

// The length of the header, little-endian, then the header.
std::string file_start(const std::vector<Entry>& order,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(order, metadata);
  std::string start(8, '\0');
  for (size_t i = 0; i < 8; ++i) start[i] = char(uint64_t(header.size()) >> (8 * i) & 0xFF);
  return start += header;
}

}  // namespace

std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  const std::vector<Entry> order = in_file_order(tensors);
  std::string bytes = file_start(order, metadata);
  for (const auto& [name, tensor] : order) {
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  return bytes;
}

}  // namespace heddle::weights
