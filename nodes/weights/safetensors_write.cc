#include "nodes/weights/safetensors_write.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace heddle::weights {
namespace {

using Entry = const TensorsToWrite::value_type*;

// Widest elements first, as the reference writer: then every tensor is aligned.
std::vector<Entry> in_file_order(const TensorsToWrite& tensors) {
  std::vector<Entry> order;
  for (const auto& entry : tensors) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](Entry a, Entry b) {
    return c10::elementSize(a->second.type) > c10::elementSize(b->second.type);
  });
  return order;
}

size_t bytes_of(const TensorToWrite& tensor) {
  return size_t(c10::multiply_integers(tensor.shape)) * c10::elementSize(tensor.type);
}

std::string header_text(const std::vector<Entry>& order,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t at = 0;
  for (const Entry entry : order) {
    const auto& [name, tensor] = *entry;
    const std::string_view dtype = dtype_name(tensor.type);
    if (dtype.empty() || name == "__metadata__") {
      throw FileError("safetensors cannot hold tensor " + in_quotes(name) + " of type " +
                      c10::toString(tensor.type));
    }
    const size_t end = at + bytes_of(tensor);
    header[name] = {{"dtype", dtype}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
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

// A tensor other than announced would shift all that follow it.
at::Tensor read(const std::string& name, const TensorToWrite& announced) {
  const at::Tensor tensor = announced.read().contiguous();
  if (tensor.scalar_type() == announced.type && tensor.sizes() == announced.shape) return tensor;
  throw std::logic_error("tensor " + in_quotes(name) + " was announced as " +
                         c10::toString(announced.type) + " " + shape_text(announced.shape) +
                         " and came as " + c10::toString(tensor.scalar_type()) + " " +
                         shape_text(tensor.sizes()));
}

}  // namespace

void write_safetensors(const TensorsToWrite& tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(std::string_view)>& append) {
  const std::vector<Entry> order = in_file_order(tensors);
  append(file_start(order, metadata));
  for (const Entry entry : order) {
    const at::Tensor tensor = read(entry->first, entry->second);
    append({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
}

std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  TensorsToWrite announced;
  for (const auto& [name, tensor] : tensors) {
    announced.emplace(name, TensorToWrite{tensor.scalar_type(), tensor.sizes().vec(),
                                          [tensor] { return tensor; }});
  }
  std::string bytes;
  write_safetensors(announced, metadata, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

}  // namespace heddle::weights
