// The WebSockets that clients hold open, by clientId. A message for a client waits while the gate before it is shut, and
// what comes later waits behind it: order is kept. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/jobs/gate.h"
#include "engine/server/http_server.h"

namespace heddle::server {

using SharedText = std::shared_ptr<const std::string>;

class SocketHub {
 public:
  /// What one connection is, to who sends.
  struct Client {
    std::string id;
    bool wants_preview_metadata = false;  // it said so in its first message
  };

  SocketHub() = default;
  ~SocketHub();

  /// Greets a new connection; the newest of several with one id is the one that is sent to.
  struct Greeting {
    std::function<std::vector<std::string>(const std::string& id)> messages;  // sent first
    std::string features;                                                     // answers "feature_flags"
  };
  void set_greeting(Greeting greeting) { greeting_ = std::move(greeting); }  // before start()
  /// What is said to a client that has heard nothing for a while though jobs wait or run; "": nothing.
  void set_sign_of_life(std::function<std::string()> message) { sign_of_life_ = std::move(message); }
  void start();
  void stop();

  /// For HttpServer.
  std::shared_ptr<SocketListener> connect(const Request& request);

  /// `owner` "": nobody. `gate` null: passable.
  void send(const std::string& owner, std::string message, const std::shared_ptr<Gate>& gate);
  void broadcast(std::string message, const std::shared_ptr<Gate>& gate = nullptr);
  /// A binary message, made for those who want metadata with it and for those who do not, where there are any.
  struct Binary {
    std::function<std::string()> plain, with_metadata;
  };
  /// To one client, or to all with `owner` "". Only those who want (or do not want) metadata, by what `binary` makes.
  void send_binary(const std::string& owner, const Binary& binary, const std::shared_ptr<Gate>& gate);

  size_t clients() const;
  bool hears(const std::string& owner) const;

 private:
  struct Connection;
  class Listener;
  using Time = std::chrono::steady_clock::time_point;

  void opened(const std::shared_ptr<Connection>& connection);
  void closed(const std::shared_ptr<Connection>& connection);
  void heard(const std::shared_ptr<Connection>& connection, std::string_view text);
  void post(Connection& connection, SharedText message, bool is_binary, const std::shared_ptr<Gate>& gate);
  void show_life(Connection& connection);
  void pump(Connection& connection, Time now, Time& next);
  void run();

  Greeting greeting_;
  std::function<std::string()> sign_of_life_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::map<std::string, std::weak_ptr<Connection>, std::less<>> addressee_;  // by clientId
  bool stopping_ = false, look_again_ = false;
  std::thread thread_;
};

}  // namespace heddle::server
