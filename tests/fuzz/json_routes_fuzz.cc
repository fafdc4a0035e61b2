// Requests of any content to every route of a whole server with fake nodes: each gets an answer, and none of them is the
// server's own failure. An input is "METHOD /path?query", a line end, and the body.
#include <spdlog/spdlog.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/fd.h"
#include "engine/server/serve.h"
#include "tests/engine/fake_nodes.h"

namespace {
using namespace heddle;

Registry make_registry() {
  Registry registry;
  test::register_fakes(registry);
  registry.add<test::SaveText>();
  registry.add<test::Quote>();
  return registry;
}

// All that a server needs, in a folder that goes with it.
struct Site {
  test::TemporaryFolder folder;
  Registry registry = make_registry();
  test::FakeBackend backend;
  FileHashes hashes;
  Cache cache{make_memory_store(1 << 20), nullptr};
  server::Server server{settings(), workshop(), backend, system_millis};

  server::ServeSettings settings() const {
    server::ServeSettings settings;
    settings.http.port = 0;
    settings.jobs.max_queue = 50;
    settings.jobs.history_count = 200;
    settings.durability = Durability::kProcess;
    settings.event_grace = std::chrono::milliseconds(0);
    settings.data = folder / "data";
    return settings;
  }
  Workshop workshop() {
    Folders folders;
    folders.input = folder / "input";
    folders.output = folder / "output";
    folders.temp = folder / "temp";
    folders.user = folder / "user";
    folders.add_model_root(folder / "models");
    return {.registry = registry, .folders = folders, .hashes = hashes, .cache = &cache, .numerics = "fuzz"};
  }
};

Fd connected(int port) {
  Fd descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(uint16_t(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(descriptor.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return descriptor;
}

// The beginning of the answer; a stream of events is left after that.
std::string ask(int port, const std::string& request) {
  const Fd descriptor = connected(port);
  for (std::string_view rest = request; !rest.empty();) {
    const ssize_t sent = ::send(descriptor.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    rest.remove_prefix(size_t(sent));
  }
  std::string answer(64, '\0');
  const ssize_t got = ::recv(descriptor.get(), answer.data(), answer.size(), MSG_WAITALL);
  if (got <= 0) return "no answer: " + std::string(got == 0 ? "closed" : std::strerror(errno));
  answer.resize(size_t(got));
  return answer;
}

// 503 is an answer too: the disk may be full.
bool is_own_failure(const std::string& answer) {
  return !answer.starts_with("HTTP/1.1 ") || (answer[9] == '5' && answer.substr(9, 3) != "503");
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  spdlog::set_level(spdlog::level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Site site;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view first = input.substr(0, input.find('\n'));
  // Malformed first lines are websocket_fuzz's; ?wait=30 would wait.
  const bool is_plain = std::all_of(first.begin(), first.end(), [](char c) { return c > 31 && c < 127; });
  if (first.size() == input.size() || !is_plain || first.find("wait=") != first.npos) return 0;
  const std::string_view body = input.substr(first.size() + 1);
  const std::string request = std::string(first) + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                              "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                              std::string(body);
  const std::string answer = ask(site.server.port(), request);
  if (!is_own_failure(answer)) return 0;
  std::fprintf(stderr, "%s\n", answer.c_str());
  std::abort();
}
