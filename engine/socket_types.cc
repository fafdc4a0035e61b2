#include "engine/socket_types.h"

#include <limits>

#include "engine/folders.h"

namespace heddle {
namespace {

template <class T>
void write_plain(T value, std::ostream& out) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T read_plain(std::istream& in) {
  T value;
  if (!in.read(reinterpret_cast<char*>(&value), sizeof value)) throw std::runtime_error("value cut short");
  return value;
}

}  // namespace

void wrong_value_type(std::string_view socket, std::string_view expected, std::string_view got) {
  throw std::logic_error("socket " + std::string(socket) + " takes " + std::string(expected) + ", got " +
                         std::string(got));
}

void SocketType<int64_t>::write(int64_t value, std::ostream& out) { write_plain(value, out); }
int64_t SocketType<int64_t>::read(std::istream& in) { return read_plain<int64_t>(in); }

void SocketType<double>::write(double value, std::ostream& out) { write_plain(value, out); }
double SocketType<double>::read(std::istream& in) { return read_plain<double>(in); }

void SocketType<bool>::write(bool value, std::ostream& out) { write_plain<char>(value, out); }
bool SocketType<bool>::read(std::istream& in) { return read_plain<char>(in) != 0; }

void SocketType<std::string>::write(const std::string& value, std::ostream& out) {
  out.write(value.data(), std::streamsize(value.size()));
}
std::string SocketType<std::string>::read(std::istream& in) {
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void SocketType<Seed>::describe(InputSpec& spec) {
  spec.min = 0;
  spec.max = std::numeric_limits<uint64_t>::max();
  spec.default_value = 0;
  spec.widget.control_after_generate = true;
}

template <>
std::shared_ptr<const Typed<Seed>> typed_value<Seed>(ValuePtr value, std::string_view socket) {
  if (auto seed = std::dynamic_pointer_cast<const Typed<Seed>>(value)) return seed;
  const int64_t number = typed_value<int64_t>(std::move(value), socket)->data;
  if (number >= 0) return std::make_shared<const Typed<Seed>>(Seed{uint64_t(number)});
  throw std::runtime_error(std::string(socket) + ": " + std::to_string(number) + " is no seed; a seed is 0 or more");
}

File find_file(std::string_view folder, const Json& name, const Folders& folders) {
  const std::string& text = name.get_ref<const std::string&>();
  const auto path = folders.find(folder, text);
  if (!path) throw std::runtime_error("no file \"" + text + "\" in " + std::string(folder) + " any more");
  return {text, *path};
}

}  // namespace heddle
