// A client that asks a running server for as much as it can do, and prints what it did as one JSON line. server_bench.py
// starts the servers and makes the table.
//
//   server_bench HOST PORT accept CLIENTS JOBS GRAPH   POST /prompt, each after the answer to the one before
//   server_bench HOST PORT wait CLIENTS JOBS GRAPH     POST /v1/jobs?wait=30: accepted, run, answered
//   server_bench HOST PORT get JOB COUNT               GET /v1/jobs/JOB
//   server_bench HOST PORT watch SOCKETS SECONDS       WebSockets that listen to all; prints the messages they got
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <utility>
// asio of Boost 1.74 needs <utility> before it
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Call {
  std::string path, body;
  int expected_status;
};

// `count` calls by each of `clients`, every one with a connection of its own that stays open. Gives milliseconds.
std::vector<double> call(const std::string& host, int port, int clients, int count, const std::function<Call()>& next,
                         bool is_get = false) {
  std::vector<std::vector<double>> times(static_cast<size_t>(clients));
  std::vector<std::thread> threads;
  for (auto& mine : times) {
    threads.emplace_back([&, count] {
      httplib::Client client(host, port);
      client.set_keep_alive(true);
      client.set_tcp_nodelay(true);
      client.set_read_timeout(120);
      for (int k = 0; k < count; ++k) {
        const Call one = next();
        const auto start = Clock::now();
        const auto answer = is_get ? client.Get(one.path) : client.Post(one.path, one.body, "application/json");
        if (!answer || answer->status / 100 != 2) {
          std::cerr << "failed: " << (answer ? answer->body : httplib::to_string(answer.error())) << '\n';
          std::exit(1);
        }
        mine.push_back(1000 * seconds_since(start));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& mine : times) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  return all;
}

nlohmann::json summary(const std::vector<double>& times, double seconds) {
  return {{"count", times.size()},
          {"per_second", double(times.size()) / seconds},
          {"ms_median", times[times.size() / 2]},
          {"ms_p99", times[times.size() * 99 / 100]}};
}

std::string read(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

int64_t remaining(httplib::Client& client) {
  const auto answer = client.Get("/prompt");
  return nlohmann::json::parse(answer->body)["exec_info"]["queue_remaining"];
}

void post_jobs(const std::string& host, int port, const Words& words) {
  const bool waits = words[0] == "wait";
  const int clients = std::stoi(words[1]), jobs = std::stoi(words[2]);
  const std::string body = waits ? R"({"graph": )" + read(words[3]) + "}" : R"({"prompt": )" + read(words[3]) + "}";
  const Call one{waits ? "/v1/jobs?wait=30" : "/prompt", body, 200};
  const auto start = Clock::now();
  const auto times = call(host, port, clients, jobs / clients, [&] { return one; });
  nlohmann::json result = summary(times, seconds_since(start));
  httplib::Client client(host, port);
  while (remaining(client) > 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  result["finished_per_second"] = double(times.size()) / seconds_since(start);
  std::cout << result << '\n';
}

void get_job(const std::string& host, int port, const Words& words) {
  const auto start = Clock::now();
  const auto times = call(host, port, 1, std::stoi(words[2]), [&] { return Call{"/v1/jobs/" + words[1], "", 200}; },
                          /*is_get=*/true);
  std::cout << summary(times, seconds_since(start)) << '\n';
}

void watch(const std::string& host, int port, const Words& words) {
  namespace asio = boost::asio;
  namespace beast = boost::beast;
  using Socket = beast::websocket::stream<asio::ip::tcp::socket>;
  asio::io_context io;
  std::vector<std::unique_ptr<Socket>> sockets;
  std::vector<beast::flat_buffer> buffers(static_cast<size_t>(std::stoi(words[1])));
  int64_t messages = 0;
  std::function<void(size_t)> listen = [&](size_t k) {
    sockets[k]->async_read(buffers[k], [&, k](beast::error_code error, size_t) {
      if (error) return;
      ++messages;
      buffers[k].clear();
      listen(k);
    });
  };
  for (size_t k = 0; k < buffers.size(); ++k) {
    auto socket = std::make_unique<Socket>(io);
    socket->next_layer().connect({asio::ip::make_address(host), static_cast<unsigned short>(port)});
    socket->handshake(host + ":" + std::to_string(port), "/ws?clientId=watcher-" + std::to_string(k));
    sockets.push_back(std::move(socket));
    listen(k);
  }
  std::cerr << "watching" << std::endl;
  io.run_for(std::chrono::seconds(std::stoi(words[2])));
  std::cout << nlohmann::json{{"sockets", sockets.size()}, {"messages", messages}} << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const Words words(argv + std::min(argc, 3), argv + argc);
  const std::string verb = words.empty() ? "" : words[0];
  if (verb == "accept" || verb == "wait") {
    post_jobs(argv[1], std::stoi(argv[2]), words);
  } else if (verb == "get") {
    get_job(argv[1], std::stoi(argv[2]), words);
  } else if (verb == "watch") {
    watch(argv[1], std::stoi(argv[2]), words);
  } else {
    std::cerr << "see the head of server_bench.cc\n";
    return 2;
  }
}
