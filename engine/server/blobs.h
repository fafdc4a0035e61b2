// Bytes by their SHA-256, in FOLDER/ab/cdef...: what was uploaded as input. Whole or not there; safe from any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/folders.h"

namespace heddle::server {

/// 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);
std::string sha256_of(std::string_view bytes);

class Blobs {
 public:
  explicit Blobs(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The hash, and whether the bytes are new. Throws std::runtime_error in words (disk full).
  struct Added {
    std::string sha256;
    bool is_new = false;
  };
  Added add(std::string_view bytes) const;
  std::optional<std::filesystem::path> find(std::string_view sha256) const;

  /// ".png", ".jpg", ".webp" by the first bytes, or "".
  std::string extension(std::string_view sha256) const;

  /// Makes the blob an input file and gives its name, "blobs/SHA256.png"; nothing if there is no such blob.
  std::optional<std::string> as_input(const std::string& sha256, const Folders& folders) const;

 private:
  std::filesystem::path path_of(std::string_view sha256) const;
  std::filesystem::path folder_;
};

/// Standard or URL alphabet, with or without padding and line breaks; "data:...;base64," in front is skipped.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace heddle::server
