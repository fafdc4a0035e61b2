#include "engine/server/socket_hub.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/jobs/new_id.h"
#include "engine/json_access.h"

namespace heddle::server {

using std::chrono::steady_clock;

struct SocketHub::Connection {
  struct Waiting {
    SharedText message;
    bool is_binary = false;
    std::shared_ptr<Gate> gate;
  };
  Client client;
  std::shared_ptr<Socket> socket;
  bool has_spoken = false;
  std::deque<Waiting> waiting;  // behind a gate that is shut
  Time last_sent{};
};

class SocketHub::Listener final : public SocketListener {
 public:
  Listener(SocketHub& hub, std::shared_ptr<Connection> connection) : hub_(hub), connection_(std::move(connection)) {}
  void on_open(std::shared_ptr<Socket> socket) override {
    connection_->socket = std::move(socket);
    hub_.opened(connection_);
  }
  void on_text(std::string_view text) override { hub_.heard(connection_, text); }
  void on_closed() override { hub_.closed(connection_); }

 private:
  SocketHub& hub_;
  std::shared_ptr<Connection> connection_;
};

SocketHub::~SocketHub() { stop(); }

void SocketHub::start() {
  thread_ = std::thread([this] { run(); });
}

void SocketHub::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<SocketListener> SocketHub::connect(const Request& request) {
  auto connection = std::make_shared<Connection>();
  connection->client.id = request.parameter("clientId").value_or("");
  if (connection->client.id.empty()) connection->client.id = random_hex(16);
  return std::make_shared<Listener>(*this, std::move(connection));
}

void SocketHub::opened(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  connections_.push_back(connection);
  addressee_[connection->client.id] = connection;
  for (std::string& text : greeting_.messages(connection->client.id)) {
    post(*connection, std::make_shared<const std::string>(std::move(text)), /*is_binary=*/false, nullptr);
  }
}

void SocketHub::closed(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  std::erase(connections_, connection);
  const auto found = addressee_.find(connection->client.id);
  if (found != addressee_.end() && found->second.lock() == connection) addressee_.erase(found);
}

// Only the first message counts, and only where it tells features.
void SocketHub::heard(const std::shared_ptr<Connection>& connection, std::string_view text) {
  Json message;
  try {
    message = parse_json(text);
  } catch (const JsonError&) {
    message = nullptr;
  }
  const std::lock_guard lock(mutex_);
  if (std::exchange(connection->has_spoken, true)) return;
  if (text_or(member(message, "type"), "") != "feature_flags") return;
  connection->client.wants_preview_metadata = is_true(member(member(message, "data"), "supports_preview_metadata"));
  post(*connection, std::make_shared<const std::string>(greeting_.features), /*is_binary=*/false, nullptr);
}

void SocketHub::send(const std::string& owner, std::string message, const std::shared_ptr<Gate>& gate) {
  const std::lock_guard lock(mutex_);
  const auto found = addressee_.find(owner);
  if (found == addressee_.end()) return;
  if (const auto connection = found->second.lock()) {
    post(*connection, std::make_shared<const std::string>(std::move(message)), /*is_binary=*/false, gate);
  }
}

void SocketHub::broadcast(std::string message, const std::shared_ptr<Gate>& gate) {
  const auto shared = std::make_shared<const std::string>(std::move(message));
  const std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) post(*connection, shared, /*is_binary=*/false, gate);
}

void SocketHub::send_binary(const std::string& owner, const Binary& binary, const std::shared_ptr<Gate>& gate) {
  SharedText plain, with_metadata;  // made once for all
  const std::lock_guard lock(mutex_);
  for (const auto& connection : connections_) {
    if (!owner.empty()) {
      const auto found = addressee_.find(owner);
      if (found == addressee_.end() || found->second.lock() != connection) continue;
    }
    const bool metadata = connection->client.wants_preview_metadata;
    const auto& make = metadata ? binary.with_metadata : binary.plain;
    if (!make) continue;
    SharedText& message = metadata ? with_metadata : plain;
    if (!message) message = std::make_shared<const std::string>(make());
    post(*connection, message, /*is_binary=*/true, gate);
  }
}

size_t SocketHub::clients() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

bool SocketHub::hears(const std::string& owner) const {
  const std::lock_guard lock(mutex_);
  return owner.empty() ? !connections_.empty() : addressee_.contains(owner);
}

void SocketHub::post(Connection& connection, SharedText message, bool is_binary, const std::shared_ptr<Gate>& gate) {
  const auto opens_at = gate ? gate->opens_at() : std::optional<Time>(Time{});
  const bool passes = opens_at && *opens_at <= steady_clock::now();
  if (passes && connection.waiting.empty()) {
    connection.last_sent = steady_clock::now();
    if (is_binary) {
      connection.socket->send_binary(std::move(message));
    } else {
      connection.socket->send_text(std::move(message));
    }
    return;
  }
  connection.waiting.push_back({std::move(message), is_binary, gate});
  if (connection.waiting.size() > 1) return;
  look_again_ = true;
  changed_.notify_all();
}

// Sends what may pass, and says when to look again.
void SocketHub::pump(Connection& connection, Time now, Time& next) {
  while (!connection.waiting.empty()) {
    Connection::Waiting& first = connection.waiting.front();
    const auto opens_at = first.gate ? first.gate->opens_at() : std::optional<Time>(now);
    if (!opens_at) {
      // Rarely long: the answer that opens it is being written.
      next = std::min(next, now + std::chrono::milliseconds(1));
      return;
    }
    if (*opens_at > now) {
      next = std::min(next, *opens_at);
      return;
    }
    connection.last_sent = now;
    if (first.is_binary) {
      connection.socket->send_binary(std::move(first.message));
    } else {
      connection.socket->send_text(std::move(first.message));
    }
    connection.waiting.pop_front();
  }
}

void SocketHub::show_life(Connection& connection) {
  const std::string life = sign_of_life_ ? sign_of_life_() : "";
  if (!life.empty()) post(connection, std::make_shared<const std::string>(life), /*is_binary=*/false, nullptr);
}

void SocketHub::run() {
  constexpr std::chrono::seconds kQuiet{8};  // clients give a server up after ten
  std::unique_lock lock(mutex_);
  Time next = steady_clock::now() + kQuiet;
  while (!stopping_) {
    changed_.wait_until(lock, next, [&] { return stopping_ || look_again_; });
    look_again_ = false;
    const Time now = steady_clock::now();
    next = now + std::chrono::seconds(1);
    for (const auto& connection : connections_) pump(*connection, now, next);
    for (const auto& connection : connections_) {
      if (now - connection->last_sent >= kQuiet) show_life(*connection);
    }
  }
}

}  // namespace heddle::server
