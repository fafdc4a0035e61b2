#include "engine/key.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace heddle {
namespace {

// One byte in front of every framed piece, so that a text of 8 bytes is not a number and one of 32
// is not a key.
constexpr unsigned char kText = 't', kNumber = 'n', kKey = 'k';

// Looking the algorithm up takes longer than hashing a small key, so it is done once; OpenSSL's
// algorithm objects are immutable and this one lives as long as the process.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (algorithm == nullptr) throw std::runtime_error("this OpenSSL offers no SHA-256");
  return algorithm;
}

void require(int openssl_success) {
  if (openssl_success != 1) throw std::runtime_error("OpenSSL failed to compute a SHA-256");
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string Key::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// Pieces are small and a call into OpenSSL is not, so they are gathered first.
struct Hasher::State {
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  std::array<unsigned char, 1024> gathered;
  size_t gathered_size = 0;

  void start() { require(EVP_DigestInit_ex2(context.get(), sha256(), nullptr)); }

  void flush() {
    if (gathered_size > 0) require(EVP_DigestUpdate(context.get(), gathered.data(), gathered_size));
    gathered_size = 0;
  }
};

Hasher::Hasher() : state_(std::make_unique<State>()) { state_->start(); }

Hasher::~Hasher() = default;

Hasher& Hasher::add(std::string_view piece) {
  const uint64_t size = piece.size();
  return add_raw(&kText, 1).add_raw(&size, sizeof size).add_raw(piece.data(), piece.size());
}

Hasher& Hasher::add(const Key& key) {
  return add_raw(&kKey, 1).add_raw(key.bytes.data(), key.bytes.size());
}

Hasher& Hasher::add_number(uint64_t number) {
  return add_raw(&kNumber, 1).add_raw(&number, sizeof number);
}

Hasher& Hasher::add_raw(const void* data, size_t size) {
  State& state = *state_;
  if (size > state.gathered.size() - state.gathered_size) state.flush();
  if (size > state.gathered.size()) {
    require(EVP_DigestUpdate(state.context.get(), data, size));
  } else if (size > 0) {
    std::memcpy(state.gathered.data() + state.gathered_size, data, size);
    state.gathered_size += size;
  }
  return *this;
}

Key Hasher::finish() {
  Key key;
  state_->flush();
  require(EVP_DigestFinal_ex(state_->context.get(), key.bytes.data(), nullptr));
  state_->start();
  return key;
}

}  // namespace heddle
