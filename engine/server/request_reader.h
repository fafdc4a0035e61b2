// Requests out of the bytes of a connection (RFC 9112), one after the other. Knows no sockets: bytes come in as they
// arrive, in pieces of any size. Strict where leniency lets two readers see two different requests: line ends, doubled
// lengths, folded headers, and what stands for the host. Of one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/server/http.h"

namespace heddle::server {

class RequestReader {
 public:
  struct Limits {
    size_t header_bytes, target_bytes;
    uint64_t body_bytes;
  };
  enum class State {
    kHead,      // needs bytes of the request line or the headers
    kHeadDone,  // request() is complete but for its body; accept_body() goes on
    kBody,      // needs bytes of the body
    kDone,      // request() is complete; next() goes on
    kRefused,   // refusal() says why; nothing more can be read from this connection
  };
  struct Refusal {
    int status = 0;
    std::string words;
  };

  explicit RequestReader(Limits limits);
  ~RequestReader();

  /// Where the next bytes may be put; commit() takes in the first `size` of them.
  std::span<char> prepare();
  State commit(size_t size);

  State accept_body();  // REQUIRES: kHeadDone
  State next();         // REQUIRES: kDone. Goes on with the bytes that have come already
  State state() const { return state_; }
  const Refusal& refusal() const { return refusal_; }

  /// The request; may be moved from once it is done.
  Request& request() { return request_; }
  /// Bytes of the next request, or of whatever the client sent behind the head, are waiting.
  bool has_more() const { return begin_ < end_; }
  bool has_begun() const { return state_ != State::kHead || has_more(); }
  /// Valid from kHeadDone on.
  bool is_http11() const { return is_http11_; }
  bool keeps_alive() const { return keeps_alive_; }
  bool has_body() const { return has_body_; }
  bool expects_continue() const { return expects_continue_; }
  std::optional<uint64_t> content_length() const { return content_length_; }
  uint64_t body_size() const;  // what has come of it

 private:
  struct Parser;

  State read_head();
  State read_body();
  State refuse(int status, std::string words);
  State take_head(size_t size);
  State too_much_head(std::string_view head);

  Limits limits_;
  State state_ = State::kHead;
  Refusal refusal_;
  Request request_;
  std::unique_ptr<Parser> parser_;

  std::string buffer_;              // bytes not yet read are [begin_, end_)
  size_t begin_ = 0, end_ = 0;
  size_t scanned_ = 0;              // of the head, from begin_
  bool is_http11_ = true, keeps_alive_ = true, has_body_ = false, expects_continue_ = false;
  std::optional<uint64_t> content_length_;
};

}  // namespace heddle::server
