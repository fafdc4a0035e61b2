#include "engine/server/event_stream.h"

namespace heddle::server {
namespace {

class StreamHandle : public Stream {
 public:
  explicit StreamHandle(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~StreamHandle() override { state_->close(); }
  bool write(std::string bytes) override { return state_->write(std::move(bytes)); }
  void close() override { state_->close(); }
  void on_closed(std::function<void()> call) override { state_->on_closed(std::move(call)); }

 private:
  const std::shared_ptr<StreamState> state_;
};

}  // namespace

StreamState::StreamState(std::shared_ptr<ServerCore> core, std::function<void()> wake)
    : core_(std::move(core)), wake_(std::move(wake)), outbox_(core_->limits().backlog_bytes) {}

bool StreamState::write(std::string bytes) {
  if (bytes.empty()) return !outbox_.is_closed();  // an empty chunk would end the response
  const Outbox::Put put = outbox_.put({std::make_shared<const std::string>(std::move(bytes)), true});
  if (put == Outbox::Put::kFull) {
    overflowed_ = true;
    end();
  }
  if (put != Outbox::Put::kQueued && put != Outbox::Put::kClosed) wake_();
  return put == Outbox::Put::kQueued || put == Outbox::Put::kWake;
}

void StreamState::close() {
  if (!outbox_.close()) return;
  end();
  wake_();
}

void StreamState::gone() {
  outbox_.close();
  end();
}

void StreamState::on_closed(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) return void(call_ = std::move(call));
  }
  call();
}

// On a thread of the pool: who writes may hold a lock that the call wants.
void StreamState::end() {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    call.swap(call_);
  }
  if (call) core_->on_pool(std::move(call));
}

std::shared_ptr<Stream> make_stream(std::shared_ptr<StreamState> state) {
  return std::make_shared<StreamHandle>(std::move(state));
}

}  // namespace heddle::server
