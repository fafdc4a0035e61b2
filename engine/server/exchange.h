// A request that is being handled and the answer on its way back, between the thread that moves bytes and those that
// run handlers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/server/file_answer.h"
#include "engine/server/http.h"
#include "engine/server/server_core.h"

namespace heddle::server {

inline constexpr size_t kFilePiece = 256 << 10;

/// The share that a request's body has of what all bodies together may hold.
class BodyClaim {
 public:
  explicit BodyClaim(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {}
  BodyClaim(BodyClaim&& other) noexcept : core_(other.core_), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyClaim& operator=(BodyClaim&& other) noexcept {
    std::swap(core_, other.core_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BodyClaim() { core_->body_bytes -= bytes_; }

  bool could_grow_to(uint64_t bytes) const { return core_->body_bytes + bytes <= core_->limits().all_body_bytes; }
  /// False if the bound has been passed. REQUIRES: bytes is no less than before.
  bool grow_to(uint64_t bytes) {
    core_->body_bytes += bytes - bytes_;
    bytes_ = bytes;
    return core_->body_bytes <= core_->limits().all_body_bytes;
  }

 private:
  std::shared_ptr<ServerCore> core_;
  uint64_t bytes_ = 0;
};

/// A response on its way out; its end is the end of the way, however it came about.
struct Outgoing {
  explicit Outgoing(Response given) : response(std::move(given)) {}
  Outgoing(const Outgoing&) = delete;
  ~Outgoing() {
    if (response.after_written) response.after_written();
  }

  Response response;
  std::optional<FileBytes> file;  // the body comes from here, piece by piece
  uint64_t length = 0;            // of all pieces
  std::string piece;
};

/// Where an answer goes: a connection.
class Answers {
 public:
  virtual ~Answers() = default;
  virtual void deliver(std::shared_ptr<Outgoing> outgoing) = 0;  // on the io thread
};

/// Kept by all copies of Respond; when the last goes without an answer, it answers itself.
class Exchange {
 public:
  Exchange(std::shared_ptr<ServerCore> core, std::shared_ptr<Answers> to, Request request, BodyClaim claim);
  ~Exchange();

  const Request& request() const { return request_; }
  const ServerCore& core() const { return *core_; }
  /// The first call counts. From any thread.
  void answer(Response response);

 private:
  const std::shared_ptr<ServerCore> core_;
  const std::shared_ptr<Answers> to_;
  const Request request_;
  const BodyClaim claim_;
  std::atomic<bool> answered_ = false;
};

/// Runs a handler, or the server's fallback where there is no route; what it throws is logged and answered by 500.
void run_handler(const std::shared_ptr<Exchange>& exchange, const Route* route);
/// Lets a handler begin with its stream; what it throws is logged and closes the stream.
void open_stream(const std::function<void(std::shared_ptr<Stream>)>& open, const std::shared_ptr<Stream>& stream);

std::string chunk_head(size_t size);  // "1f\r\n"

}  // namespace heddle::server
