// Values: the immutable results that travel along links. The engine knows their type name, their size and, for those
// that go to the disk cache, how to write them; everything else about them is the nodes' business.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace heddle {

/// Memory that several values may keep alive together, as a checkpoint's weights under every LoRA.
struct SharedBytes {
  std::shared_ptr<const void> owner;  // tells one piece of memory from another
  size_t bytes = 0;
};

class Value {
 public:
  virtual ~Value() = default;

  /// The name links are checked by: "MODEL", "LATENT", "INT"...
  virtual std::string_view type() const = 0;

  /// Memory that this value alone keeps alive, in bytes.
  virtual size_t bytes() const = 0;

  /// Memory that it keeps alive together with other values.
  virtual std::vector<SharedBytes> shared() const { return {}; }

  /// Whether write() works. Networks say no: they are mapped from their files again.
  virtual bool can_write() const { return false; }

  /// Writes all of the value; the same value always gives the same bytes. REQUIRES: can_write().
  virtual void write(std::ostream& out) const;
};

using ValuePtr = std::shared_ptr<const Value>;
using Values = std::vector<ValuePtr>;

/// Reads values of one type as Value::write wrote them. Throws std::runtime_error on damaged bytes.
using ReadValue = std::function<ValuePtr(std::istream& in)>;
using ValueReaders = std::unordered_map<std::string, ReadValue>;

}  // namespace heddle
