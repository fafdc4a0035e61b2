// A node is declared once: one struct, one line a socket. Checking, casting, the editor's widgets, /object_info and the
// content key all come from those lines; run() names no strings and validates nothing.
//
//   struct ImageInvert final : Node {
//     static constexpr NodeInfo kInfo{.name = "ImageInvert", .category = "image", .help = "Inverts the colours."};
//     In<Image> image{this, "image", "Picture to invert."};
//     Out<Image> inverted{this, "IMAGE"};
//     void run(RunContext&) override { inverted = Image{1 - image->pixels}; }
//   };
//
// A node object is made, bound, run once and dropped; state between runs is the cache's business. Constructing one does
// no I/O, since its declaration is read from a default-constructed instance.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/declaration.h"
#include "engine/run_context.h"
#include "engine/socket_types.h"

namespace heddle {

class Node;

/// An input of a node at hand: its declaration, and the way its value gets in.
class InputSocket {
 public:
  virtual ~InputSocket() = default;
  /// REQUIRES: `literal` has passed check_graph, which has cast it to the type of the socket.
  virtual void bind(const Json& literal, const Folders& folders) = 0;
  /// Throws std::logic_error if the value is of another C++ type than the socket's.
  virtual void bind(ValuePtr value) = 0;
  InputSpec spec;
};

class OutputSocket {
 public:
  virtual ~OutputSocket() = default;
  /// What run() assigned, or null.
  const ValuePtr& value() const { return value_; }
  OutputSpec spec;

 protected:
  ValuePtr value_;
};

class Node {
 public:
  Node() = default;
  Node(const Node&) = delete;  // sockets are known by address
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  /// Reads the inputs and assigns every output. Throws what goes wrong; the executor adds which step it was.
  virtual void run(RunContext& context) = 0;

  std::vector<InputSocket*> inputs;
  std::vector<OutputSocket*> outputs;
};

// Options of an input, given after its help text: a plain value is the default.

struct Range {
  Json min, max;
};
inline Range between(Json min, Json max) { return {std::move(min), std::move(max)}; }

struct StepSize {
  double size;
};
inline StepSize step(double size) { return {size}; }

struct OneOf {
  std::vector<std::string> choices;
};
inline OneOf one_of(std::vector<std::string> choices) { return {std::move(choices)}; }

/// Options without a value.
enum class Option { kOptional, kMultiline, kDynamicPrompts, kImageUpload, kColor, kControlAfterGenerate };
using enum Option;

namespace internal {

void apply(InputSpec& spec, Range range);
void apply(InputSpec& spec, StepSize step);
void apply(InputSpec& spec, OneOf choices);
void apply(InputSpec& spec, Mentions mentions);
void apply(InputSpec& spec, Option option);
template <class T>
  requires std::is_constructible_v<Json, T>
void apply(InputSpec& spec, T default_value) {
  spec.default_value = std::move(default_value);
}

/// Throws std::runtime_error if a number that came by a link is outside of what the socket allows.
void check_range(const InputSpec& spec, const Json& number);

}  // namespace internal

/// An input of type T. Where T has a JSON form the input takes a literal or a link, else only a link.
template <class T>
class In final : public InputSocket {
 public:
  template <class... Options>
  In(Node* node, const char* name, const char* help, Options... options) {
    spec.name = name;
    spec.help = help;
    spec.type = SocketType<T>::kName;
    describe_socket<T>(spec);
    (internal::apply(spec, std::move(options)), ...);
    node->inputs.push_back(this);
  }

  void bind(const Json& literal, const Folders& folders) override {
    if constexpr (HasJsonForm<T>) {
      value_ = std::make_shared<const Typed<T>>(SocketType<T>::from_json(literal, folders));
    }
  }
  void bind(ValuePtr value) override {
    value_ = typed_value<T>(std::move(value), spec.name);
    if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, double>) internal::check_range(spec, value_->data);
  }

  /// False for an optional input that nothing was given for. Not a conversion: an In<bool> would read as its value.
  bool given() const { return value_ != nullptr; }
  const T& operator*() const { return value_->data; }
  const T* operator->() const { return &value_->data; }
  operator const T&() const
    requires HasJsonForm<T>
  {
    return value_->data;
  }
  /// The value as it travels, for nodes that pass it on untouched.
  const std::shared_ptr<const Typed<T>>& shared() const { return value_; }

 private:
  std::shared_ptr<const Typed<T>> value_;
};

template <class T>
class Out final : public OutputSocket {
 public:
  Out(Node* node, const char* name, const char* help = "") {
    spec.name = name;
    spec.help = help;
    spec.type = SocketType<T>::kName;
    node->outputs.push_back(this);
  }
  Out& operator=(T value) {
    value_ = std::make_shared<const Typed<T>>(std::move(value));
    return *this;
  }
  Out& operator=(std::shared_ptr<const Typed<T>> value) {
    value_ = std::move(value);
    return *this;
  }
};

}  // namespace heddle
