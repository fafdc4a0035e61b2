#include "engine/server/exchange.h"

#include <spdlog/spdlog.h>

#include <charconv>

#include "engine/server/caching.h"
#include "engine/server/gzip.h"

namespace heddle::server {
namespace {

Response failure() { return text_response("500: the request failed; the server's log says why", 500); }

// Runs `call`; false, after logging, if it threw.
template <typename Call>
bool runs_well(const Request* request, Call call) {
  const std::string what = request ? request->method + " " + request->path : "a stream";
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    spdlog::error("{} failed: {}", what, error.what());
  } catch (...) {
    spdlog::error("{} failed: something that is no exception was thrown", what);
  }
  return false;
}

// What a file's answer depends on: the exchange itself may be at its end.
Request request_headers(const Request& request) {
  Request result;
  result.method = request.method;
  result.headers = request.headers;
  return result;
}

void open_file(const Request& request, Outgoing& outgoing) {
  outgoing.file = open_file_answer(request, outgoing.response);
  if (!outgoing.file) return;
  outgoing.length = outgoing.file->left;
  if (request.method == "HEAD" || read_piece(*outgoing.file, kFilePiece, outgoing.piece)) return;
  spdlog::error("{} cannot be read", outgoing.response.file->string());
  outgoing.file.reset();
  outgoing.response.status = 500;
  outgoing.response.body = failure().body;
}

}  // namespace

Exchange::Exchange(std::shared_ptr<ServerCore> core, std::shared_ptr<Answers> to, Request request, BodyClaim claim)
    : core_(std::move(core)), to_(std::move(to)), request_(std::move(request)), claim_(std::move(claim)) {}

Exchange::~Exchange() {
  if (answered_) return;
  spdlog::error("{} {} was never answered", request_.method, request_.path);
  answer(failure());
}

void Exchange::answer(Response response) {
  auto outgoing = std::make_shared<Outgoing>(std::move(response));
  if (answered_.exchange(true)) return;
  if (core_->parts.settings.gzip) compress_body(request_, outgoing->response);
  if (!outgoing->response.file) {
    core_->on_io([to = to_, outgoing] { to->deliver(outgoing); });
    return;
  }
  core_->on_pool([core = core_, to = to_, request = request_headers(request_), outgoing] {
    open_file(request, *outgoing);
    core->on_io([to, outgoing] { to->deliver(outgoing); });
  });
}

void run_handler(const std::shared_ptr<Exchange>& exchange, const Route* route) {
  const bool ran = runs_well(&exchange->request(), [&] {
    const Respond respond = [exchange](Response response) {
      add_caching(exchange->request().path, response);
      exchange->answer(std::move(response));
    };
    if (route) return route->handler(exchange->request(), respond);
    respond(exchange->core().parts.fallback(exchange->request()));
  });
  if (!ran) exchange->answer(failure());
}

void open_stream(const std::function<void(std::shared_ptr<Stream>)>& open, const std::shared_ptr<Stream>& stream) {
  if (!runs_well(nullptr, [&] { open(stream); })) stream->close();
}

std::string chunk_head(size_t size) {
  char text[16];
  return std::string(text, std::to_chars(text, text + sizeof text, size, 16).ptr) + "\r\n";
}

}  // namespace heddle::server
