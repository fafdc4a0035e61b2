#include "engine/server/connection.h"

#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "engine/server/event_stream.h"
#include "engine/server/exchange.h"
#include "engine/server/file_answer.h"
#include "engine/server/request_reader.h"
#include "engine/server/response_head.h"
#include "engine/server/web_socket.h"

namespace heddle::server {
namespace {
namespace net = boost::asio;
using boost::system::error_code;
using Tcp = net::ip::tcp;
using TcpSocket = net::basic_stream_socket<Tcp, net::io_context::executor_type>;
using Clock = std::chrono::steady_clock;

constexpr auto kNever = SteadyTime::max();
constexpr auto kLingerTime = std::chrono::seconds(5);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

class Connection final : public Peer, public Answers, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, int descriptor);

  void start();
  void start_refused();

  void tick(SteadyTime now) override;
  void finish() override;
  void drop() override { close(); }
  void deliver(std::shared_ptr<Outgoing> outgoing) override;

 private:
  enum class Phase {
    kIdle,       // between requests
    kReading,    // a request has begun
    kHandling,   // somebody works on the answer
    kWriting,    // the answer goes out
    kStreaming,  // the answer goes on
    kLingering,  // all is said; waits for the client to hear it
    kClosed,
  };

  void wait_for_request();
  void read_more();
  void on_read(error_code error, size_t size);
  void go_on(RequestReader::State state);
  void take_head();
  void take_body();
  void read_body();
  void open_socket();
  void handle();

  void answer_now(Response response);
  void refuse(int status, std::string words);
  Framing framing() const;
  void write_head();
  void write_body_piece();
  void after_piece();
  void after_answer();
  void start_stream();
  void on_stream_open();
  void write_stream();
  void end_stream();

  template <typename Buffers, typename Then>
  void write(const Buffers& buffers, Then then);
  SteadyTime in(std::chrono::milliseconds time) const { return Clock::now() + time; }
  void linger();
  void close();

  const std::shared_ptr<ServerCore> core_;
  TcpSocket socket_;
  RequestReader reader_;
  Phase phase_ = Phase::kIdle;
  SteadyTime deadline_ = kNever;
  bool is_reading_ = false, is_writing_ = false;

  // Of the request at hand.
  const Route* route_ = nullptr;
  bool is_head_ = false, keeps_alive_ = true;
  Fields cors_;
  BodyClaim claim_;
  std::shared_ptr<Outgoing> outgoing_;
  std::string head_, chunk_head_;
  std::shared_ptr<StreamState> stream_;
  Message message_;
};

Connection::Connection(std::shared_ptr<ServerCore> core, int descriptor)
    : core_(std::move(core)),
      socket_(core_->io()),
      reader_({core_->limits().header_bytes, core_->limits().target_bytes, core_->limits().body_bytes}),
      claim_(core_) {
  error_code ignored;
  socket_.assign(Tcp::v4(), descriptor, ignored);
  socket_.set_option(Tcp::no_delay(true), ignored);
}

void Connection::start() {
  core_->add(this);
  wait_for_request();
}

void Connection::start_refused() {
  core_->add(this);
  refuse(503, "too many connections; try again later");
}

void Connection::tick(SteadyTime now) {
  if (now < deadline_) return;
  if (phase_ == Phase::kReading && !is_writing_) return refuse(408, "the request did not arrive in time");
  close();
}

void Connection::finish() {
  keeps_alive_ = false;
  if (phase_ == Phase::kStreaming) return stream_->close();
  if (phase_ == Phase::kIdle || phase_ == Phase::kLingering) close();
}

// --- Reading ---------------------------------------------------------------------------------------------------------

void Connection::wait_for_request() {
  phase_ = Phase::kIdle;
  deadline_ = in(core_->limits().idle_time);
  read_more();
}

void Connection::read_more() {
  if (is_reading_) return;
  is_reading_ = true;
  const std::span<char> room = reader_.prepare();
  socket_.async_read_some(net::buffer(room.data(), room.size()),
                          [self = shared_from_this()](error_code error, size_t size) { self->on_read(error, size); });
}

void Connection::on_read(error_code error, size_t size) {
  is_reading_ = false;
  core_->counts.bytes_in += size;
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kStreaming || phase_ == Phase::kLingering) return error ? close() : read_more();
  if (phase_ == Phase::kHandling || phase_ == Phase::kWriting) return;  // the time was up; an answer is under way
  if (error) return close();
  go_on(reader_.commit(size));
}

void Connection::go_on(RequestReader::State state) {
  using State = RequestReader::State;
  if (phase_ == Phase::kIdle && reader_.has_begun()) {
    phase_ = Phase::kReading;
    deadline_ = in(core_->limits().request_time);
  }
  if (state == State::kHead) return read_more();
  if (state == State::kHeadDone) return take_head();
  if (state == State::kBody) return read_body();
  if (state == State::kDone) return handle();
  refuse(reader_.refusal().status, reader_.refusal().words);
}

void Connection::take_head() {
  Request& request = reader_.request();
  ++core_->counts.requests;
  is_head_ = request.method == "HEAD";
  keeps_alive_ = reader_.keeps_alive() && !core_->is_stopping;
  if (!request.header("origin").empty()) cors_ = core_->parts.guard.cors_headers(request);
  if (std::optional<Response> refusal = core_->parts.guard.refuse(request)) {
    if (refusal->status >= 400) ++core_->counts.refused;
    return answer_now(std::move(*refusal));
  }
  if (core_->is_socket_path(request.path)) return open_socket();

  std::string allowed;
  route_ = core_->parts.routes.find(request.method, request.path, request.captures, allowed);
  if (!allowed.empty()) {
    Response response = text_response("405: Method Not Allowed", 405);
    response.headers.emplace_back("Allow", allowed);
    return answer_now(std::move(response));
  }
  if (!route_ && !core_->parts.fallback) return answer_now(text_response("404: Not Found", 404));
  take_body();
}

void Connection::take_body() {
  const uint64_t length = reader_.content_length().value_or(0);  // one that is too long is refused for that, below
  if (length <= core_->limits().body_bytes && !claim_.could_grow_to(length)) {
    return refuse(503, "too many uploads at once; try again later");
  }
  const RequestReader::State state = reader_.accept_body();
  const bool asks_first = state == RequestReader::State::kBody && reader_.expects_continue() && !reader_.has_more();
  if (!asks_first) return go_on(state);
  write(net::buffer(kContinue.data(), kContinue.size()), [this, state] { go_on(state); });
}

void Connection::read_body() {
  if (!claim_.grow_to(reader_.body_size())) return refuse(503, "too many uploads at once; try again later");
  read_more();
}

void Connection::open_socket() {
  if (std::optional<Response> refusal = refuse_handshake(reader_.request(), reader_.is_http11())) {
    return answer_now(std::move(*refusal));
  }
  if (reader_.has_body() || reader_.has_more()) return refuse(400, "bytes behind the request for a WebSocket");
  error_code error;
  const int descriptor = socket_.release(error);
  if (error) return close();
  phase_ = Phase::kClosed;
  core_->remove(this);
  serve_web_socket(core_, descriptor, std::move(reader_.request()), std::move(cors_));
}

void Connection::handle() {
  if (!claim_.grow_to(reader_.body_size())) return refuse(503, "too many uploads at once; try again later");
  phase_ = Phase::kHandling;
  deadline_ = kNever;
  auto exchange = std::make_shared<Exchange>(core_, shared_from_this(), std::move(reader_.request()), std::move(claim_));
  claim_ = BodyClaim(core_);
  core_->on_pool([exchange = std::move(exchange), route = route_] { run_handler(exchange, route); });
}

// --- Answering -------------------------------------------------------------------------------------------------------

// Of a body that nobody will read, nothing can be told apart from a next request.
void Connection::answer_now(Response response) {
  if (reader_.has_body()) keeps_alive_ = false;
  phase_ = Phase::kHandling;
  deliver(std::make_shared<Outgoing>(std::move(response)));
}

void Connection::refuse(int status, std::string words) {
  claim_ = BodyClaim(core_);  // nobody will read the body
  ++core_->counts.refused;
  keeps_alive_ = false;
  phase_ = Phase::kHandling;
  deliver(std::make_shared<Outgoing>(text_response(std::to_string(status) + ": " + std::move(words), status)));
}

void Connection::deliver(std::shared_ptr<Outgoing> outgoing) {
  if (phase_ != Phase::kHandling) return;
  outgoing_ = std::move(outgoing);
  if (core_->is_stopping) keeps_alive_ = false;
  if (outgoing_->response.stream && !is_head_) return start_stream();
  write_head();
}

Framing Connection::framing() const {
  const Response& response = outgoing_->response;
  const bool is_stream = static_cast<bool>(response.stream);
  Framing framing{reader_.is_http11(), keeps_alive_ && !is_stream, is_stream && reader_.is_http11(), {}};
  if (!is_stream) framing.length = outgoing_->file ? outgoing_->length : response.body.size();
  return framing;
}

void Connection::write_head() {
  phase_ = Phase::kWriting;
  const Response& response = outgoing_->response;
  head_ = response_head(response, cors_, framing());
  const bool sends_body = !is_head_ && has_body(response.status);
  if (!sends_body) outgoing_->file.reset();
  const std::string& body = outgoing_->file ? outgoing_->piece : response.body;
  const std::array<net::const_buffer, 2> buffers = {net::buffer(head_),
                                                    sends_body ? net::buffer(body) : net::const_buffer()};
  write(buffers, [this] { after_piece(); });
}

void Connection::write_body_piece() {
  if (phase_ != Phase::kWriting) return;
  write(net::buffer(outgoing_->piece), [this] { after_piece(); });
}

void Connection::after_piece() {
  if (!outgoing_->file || outgoing_->file->left == 0) return after_answer();
  deadline_ = kNever;  // the disk may take its time
  core_->on_pool([self = shared_from_this(), outgoing = outgoing_] {
    const bool is_whole = read_piece(*outgoing->file, kFilePiece, outgoing->piece);
    self->core_->on_io([self, is_whole] { is_whole ? self->write_body_piece() : self->close(); });
  });
}

void Connection::after_answer() {
  outgoing_.reset();
  if (!keeps_alive_) return linger();
  cors_.clear();
  is_head_ = false;
  phase_ = Phase::kIdle;
  deadline_ = in(core_->limits().idle_time);
  go_on(reader_.next());
}

void Connection::start_stream() {
  phase_ = Phase::kStreaming;
  stream_ = std::make_shared<StreamState>(core_, [core = core_, weak = weak_from_this()] {
    core->on_io([weak] {
      if (const auto self = weak.lock()) self->write_stream();
    });
  });
  head_ = response_head(outgoing_->response, cors_, framing());
  keeps_alive_ = false;
  write(net::buffer(head_), [this] { on_stream_open(); });
}

void Connection::on_stream_open() {
  read_more();  // nothing is expected: this is how the client's going is seen
  core_->on_pool([open = outgoing_->response.stream, stream = make_stream(stream_)] { open_stream(open, stream); });
  write_stream();
}

void Connection::write_stream() {
  if (phase_ != Phase::kStreaming || is_writing_) return;
  deadline_ = kNever;
  if (stream_->has_overflowed()) return close();
  std::optional<Message> message = stream_->outbox().take();
  if (!message) return stream_->outbox().is_closed() ? end_stream() : void();
  message_ = std::move(*message);
  if (!reader_.is_http11()) return write(net::buffer(*message_.bytes), [this] { write_stream(); });
  chunk_head_ = chunk_head(message_.bytes->size());
  const std::array<net::const_buffer, 3> buffers = {net::buffer(chunk_head_), net::buffer(*message_.bytes),
                                                    net::buffer(kLastChunk.data() + 1, 2)};
  write(buffers, [this] { write_stream(); });
}

void Connection::end_stream() {
  phase_ = Phase::kWriting;
  if (!reader_.is_http11()) return after_answer();
  write(net::buffer(kLastChunk.data(), kLastChunk.size()), [this] { after_answer(); });
}

// A client that reads nothing for a while is given up; one that reads slowly is not.
template <typename Buffers, typename Then>
void Connection::write(const Buffers& buffers, Then then) {
  is_writing_ = true;
  if (phase_ != Phase::kReading) deadline_ = in(core_->limits().request_time);
  const auto each = [this](const error_code& error, size_t) -> size_t {
    if (phase_ != Phase::kReading) deadline_ = in(core_->limits().request_time);
    return error ? 0 : size_t{1} << 20;
  };
  net::async_write(socket_, buffers, each, [self = shared_from_this(), then](error_code error, size_t size) {
    self->is_writing_ = false;
    self->core_->counts.bytes_out += size;
    if (self->phase_ == Phase::kClosed) return;
    return error ? self->close() : then();
  });
}

// Closing while the client still sends would take from it the answer that it has not read.
void Connection::linger() {
  phase_ = Phase::kLingering;
  deadline_ = in(kLingerTime);
  error_code ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  if (core_->is_stopping && !reader_.has_body()) return close();
  read_more();
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  core_->remove(this);
  error_code ignored;
  socket_.close(ignored);
  if (stream_) stream_->gone();
  outgoing_.reset();
}

}  // namespace

void serve_connection(std::shared_ptr<ServerCore> core, int descriptor) {
  std::make_shared<Connection>(std::move(core), descriptor)->start();
}

void refuse_connection(std::shared_ptr<ServerCore> core, int descriptor) {
  std::make_shared<Connection>(std::move(core), descriptor)->start_refused();
}

}  // namespace heddle::server
