// Conditioning in the disk cache: every member of every entry.
#include <ATen/ATen.h>

#include <bit>

#include "nodes/tensor_io.h"
#include "nodes/values.h"

namespace heddle {
namespace {

using diffusion::Area;
using diffusion::AreaShare;
using diffusion::Conditioning;
using diffusion::ConditioningEntry;

// One visitor for both ways, so that what is written is what is read.
struct Writer {
  std::ostream& out;
  void operator()(const at::Tensor& tensor) { write_tensor(tensor, out); }
  void operator()(double number) { write_number(std::bit_cast<int64_t>(number), out); }
  void operator()(int64_t number) { write_number(number, out); }
  void operator()(bool flag) { write_number(flag, out); }
  void operator()(const std::vector<bool>& flags) {
    write_number(int64_t(flags.size()), out);
    for (const bool flag : flags) write_number(flag, out);
  }
};
struct Reader {
  std::istream& in;
  void operator()(at::Tensor& tensor) { tensor = read_tensor(in); }
  void operator()(double& number) { number = std::bit_cast<double>(read_number(in)); }
  void operator()(int64_t& number) { number = read_number(in); }
  void operator()(bool& flag) { flag = read_number(in) != 0; }
  void operator()(std::vector<bool>& flags) {
    for (int64_t count = read_number(in); count > 0; --count) flags.push_back(read_number(in) != 0);
  }
};

void visit(auto& io, auto& area) requires(std::same_as<std::remove_cvref_t<decltype(area)>, Area> ||
                                          std::same_as<std::remove_cvref_t<decltype(area)>, AreaShare>) {
  io(area.height);
  io(area.width);
  io(area.y);
  io(area.x);
}

template <class T>
void visit_optional(Writer& io, const std::optional<T>& value) {
  io(value.has_value());
  if (!value) return;
  if constexpr (std::is_arithmetic_v<T>) {
    io(*value);
  } else {
    visit(io, *value);
  }
}

template <class T>
void visit_optional(Reader& io, std::optional<T>& value) {
  bool has_value;
  io(has_value);
  if (!has_value) return;
  if constexpr (std::is_arithmetic_v<T>) {
    io(value.emplace());
  } else {
    visit(io, value.emplace());
  }
}

void visit_entry(auto& io, auto& entry) {
  io(entry.cross_attention);
  io(entry.pooled);
  io(entry.concat_latent);
  io(entry.concat_mask);
  visit_optional(io, entry.facts.height);
  visit_optional(io, entry.facts.width);
  io(entry.facts.crop_y);
  io(entry.facts.crop_x);
  visit_optional(io, entry.facts.target_height);
  visit_optional(io, entry.facts.target_width);
  visit_optional(io, entry.facts.aesthetic_score);
  io(entry.strength);
  visit_optional(io, entry.region.area);
  visit_optional(io, entry.region.share);
  io(entry.region.mask);
  io(entry.region.mask_strength);
  io(entry.region.area_is_mask_bounds);
  io(entry.start_percent);
  io(entry.end_percent);
  io(entry.steps);
  visit_optional(io, entry.composes);
}

}  // namespace

size_t SocketType<Conditioning>::bytes(const Conditioning& conditioning) {
  size_t bytes = 0;
  for (const ConditioningEntry& entry : conditioning) {
    bytes += sizeof entry + tensor_bytes(entry.cross_attention) + tensor_bytes(entry.pooled) +
             tensor_bytes(entry.region.mask) + tensor_bytes(entry.concat_latent) + tensor_bytes(entry.concat_mask);
  }
  return bytes;
}

void SocketType<Conditioning>::write(const Conditioning& conditioning, std::ostream& out) {
  write_number(int64_t(conditioning.size()), out);
  Writer writer{out};
  for (const ConditioningEntry& entry : conditioning) visit_entry(writer, entry);
}

Conditioning SocketType<Conditioning>::read(std::istream& in) {
  Conditioning conditioning;
  Reader reader{in};
  for (int64_t count = read_number(in); count > 0; --count) visit_entry(reader, conditioning.emplace_back());
  return conditioning;
}

}  // namespace heddle
