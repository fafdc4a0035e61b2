// The types of sockets. SocketType<T> says how a C++ type appears on links and in JSON; nodes/values.h adds the types of
// diffusion. A specialisation has
//   static constexpr std::string_view kName;                   the name links are checked by
//   static size_t bytes(const T&);                             memory the value alone keeps alive
// and, where values have memory in common,
//   static std::vector<SharedBytes> shared(const T&);
// and, where values can be written down for the disk cache,
//   static void write(const T&, std::ostream&);
//   static T read(std::istream&);
// and, where a literal in a graph can stand for one,
//   static T from_json(const Json&, const Folders&);
#pragma once

#include <cstdint>
#include <filesystem>
#include <istream>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/declaration.h"
#include "engine/value.h"

namespace heddle {

struct Folders;

template <class T>
struct SocketType;

template <class T>
concept HasJsonForm = requires(const Json& json, const Folders& folders) {
  { SocketType<T>::from_json(json, folders) } -> std::same_as<T>;
};

template <class T>
concept CanWrite = requires(const T& value, std::ostream& out, std::istream& in) {
  SocketType<T>::write(value, out);
  { SocketType<T>::read(in) } -> std::same_as<T>;
};

template <class T>
concept SharesMemory = requires(const T& value) { SocketType<T>::shared(value); };

/// The value of a T as it travels along links.
template <class T>
class Typed final : public Value {
 public:
  explicit Typed(T value) : data(std::move(value)) {}
  std::string_view type() const override { return SocketType<T>::kName; }
  size_t bytes() const override { return SocketType<T>::bytes(data); }
  std::vector<SharedBytes> shared() const override {
    if constexpr (SharesMemory<T>) return SocketType<T>::shared(data);
    return {};
  }
  bool can_write() const override { return CanWrite<T>; }
  void write(std::ostream& out) const override {
    if constexpr (CanWrite<T>) {
      SocketType<T>::write(data, out);
    } else {
      Value::write(out);
    }
  }
  const T data;
};

/// A value of any type, for nodes that only show what they are given. Such an input takes links only.
template <>
struct SocketType<ValuePtr> {
  static constexpr std::string_view kName = "*";
  static size_t bytes(const ValuePtr& value) { return value->bytes(); }
  static std::vector<SharedBytes> shared(const ValuePtr& value) { return value->shared(); }
};

[[noreturn]] void wrong_value_type(std::string_view socket, std::string_view expected, std::string_view got);

template <class T>
std::shared_ptr<const Typed<T>> typed_value(ValuePtr value, std::string_view socket) {
  auto typed = std::dynamic_pointer_cast<const Typed<T>>(value);
  if (!typed) wrong_value_type(socket, SocketType<T>::kName, value ? value->type() : "nothing");
  return typed;
}

template <>
inline std::shared_ptr<const Typed<ValuePtr>> typed_value<ValuePtr>(ValuePtr value, std::string_view) {
  return std::make_shared<const Typed<ValuePtr>>(std::move(value));
}

/// Fills the parts of a declaration that the type itself decides.
template <class T>
void describe_socket(InputSpec& spec) {
  spec.has_json_form = HasJsonForm<T>;
  if constexpr (requires { SocketType<T>::describe(spec); }) SocketType<T>::describe(spec);
}

// --- types with a JSON form

template <>
struct SocketType<int64_t> {
  static constexpr std::string_view kName = "INT";
  static size_t bytes(int64_t) { return sizeof(int64_t); }
  static void write(int64_t value, std::ostream& out);
  static int64_t read(std::istream& in);
  static int64_t from_json(const Json& json, const Folders&) { return json.get<int64_t>(); }
};

/// What a picture's randomness comes from: 64 bits.
struct Seed {
  uint64_t value = 0;
};
template <>
struct SocketType<Seed> {
  static constexpr std::string_view kName = "INT";
  static size_t bytes(const Seed&) { return sizeof(Seed); }
  static Seed from_json(const Json& json, const Folders&) { return {json.get<uint64_t>()}; }
  static void describe(InputSpec& spec);
};
/// Whole numbers travel as int64_t, whatever takes them. Throws std::runtime_error for one below 0.
template <>
std::shared_ptr<const Typed<Seed>> typed_value<Seed>(ValuePtr value, std::string_view socket);

template <>
struct SocketType<double> {
  static constexpr std::string_view kName = "FLOAT";
  static size_t bytes(double) { return sizeof(double); }
  static void write(double value, std::ostream& out);
  static double read(std::istream& in);
  static double from_json(const Json& json, const Folders&) { return json.get<double>(); }
};

template <>
struct SocketType<bool> {
  static constexpr std::string_view kName = "BOOLEAN";
  static size_t bytes(bool) { return 1; }
  static void write(bool value, std::ostream& out);
  static bool read(std::istream& in);
  static bool from_json(const Json& json, const Folders&) { return json.get<bool>(); }
};

template <>
struct SocketType<std::string> {
  static constexpr std::string_view kName = "STRING";
  static size_t bytes(const std::string& value) { return value.size(); }
  static void write(const std::string& value, std::ostream& out);
  static std::string read(std::istream& in);
  static std::string from_json(const Json& json, const Folders&) { return json.get<std::string>(); }
};

/// One of a list of words; give the list by one_of().
struct Choice {
  std::string value;
  bool operator==(std::string_view other) const { return value == other; }
};
template <>
struct SocketType<Choice> {
  static constexpr std::string_view kName = "COMBO";
  static size_t bytes(const Choice& choice) { return choice.value.size(); }
  static Choice from_json(const Json& json, const Folders&) { return {json.get<std::string>()}; }
};

/// A file of a folder: the editor lists the folder, the content of the file is in the key. `name` is as written in the
/// graph. Derive one type a folder:
///   struct LoraFile : File { static constexpr std::string_view kFolder = "loras"; };
struct File {
  std::string name;
  std::filesystem::path path;
};
File find_file(std::string_view folder, const Json& name, const Folders& folders);

template <class T>
  requires std::derived_from<T, File>
struct SocketType<T> {
  static constexpr std::string_view kName = "COMBO";
  static size_t bytes(const T& file) { return file.name.size(); }
  static T from_json(const Json& json, const Folders& folders) {
    return T{find_file(T::kFolder, json, folders)};
  }
  static void describe(InputSpec& spec) { spec.folder = T::kFolder; }
};

}  // namespace heddle
