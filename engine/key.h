// Content keys: SHA-256 over everything a result depends on.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace heddle {

struct Key {
  std::array<unsigned char, 32> bytes{};
  bool operator==(const Key&) const = default;
  auto operator<=>(const Key&) const = default;
  /// 64 lower-case digits.
  std::string hex() const;
};

/// Feeds typed pieces into one digest. Every piece is framed by its type and length, so no two sequences of pieces
/// collide. Not thread-safe; make one and use it for many keys.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  Hasher& add(std::string_view piece);
  Hasher& add(const Key& key);
  Hasher& add_number(uint64_t number);
  /// Bytes as they are, without a frame: for hashing files.
  Hasher& add_raw(const void* data, size_t size);
  /// The digest so far; the hasher starts anew.
  Key finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heddle

template <>
struct std::hash<heddle::Key> {
  size_t operator()(const heddle::Key& key) const noexcept {
    size_t result;
    std::memcpy(&result, key.bytes.data(), sizeof result);
    return result;
  }
};
