// The side of a streamed response that handlers hold: bytes go into an outbox, and the connection empties it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "engine/server/http.h"
#include "engine/server/outbox.h"
#include "engine/server/server_core.h"

namespace heddle::server {

/// Shared by the connection and by whoever writes.
class StreamState {
 public:
  /// `wake` is called by any thread when something waits in outbox() or it was closed.
  StreamState(std::shared_ptr<ServerCore> core, std::function<void()> wake);

  bool write(std::string bytes);
  void close();
  void on_closed(std::function<void()> call);

  /// The connection has ended.
  void gone();
  Outbox& outbox() { return outbox_; }
  /// The reader was too slow: what waits is not written any more.
  bool has_overflowed() const { return overflowed_; }

 private:
  void end();

  const std::shared_ptr<ServerCore> core_;
  const std::function<void()> wake_;
  Outbox outbox_;
  std::atomic<bool> overflowed_ = false;
  std::mutex mutex_;
  bool ended_ = false;
  std::function<void()> call_;
};

/// The stream that a handler gets; when it lets go of it, the stream is closed.
std::shared_ptr<Stream> make_stream(std::shared_ptr<StreamState> state);

}  // namespace heddle::server
