#include "engine/server/request_reader.h"

#include <algorithm>
#include <limits>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstring>

#include "engine/ascii.h"
#include "engine/server/request_checks.h"

namespace heddle::server {
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace {

constexpr size_t kHeadPiece = 8 << 10;
constexpr size_t kBodyPiece = 64 << 10;

std::string string_of(beast::string_view text) { return std::string(text.data(), text.size()); }

Fields lower_fields(const http::fields& fields) {
  Fields result;
  for (const auto& field : fields) result.emplace_back(lower(string_of(field.name_string())), string_of(field.value()));
  return result;
}

// "HTTP/2.0" is somebody who speaks something else; anything else in its place is noise.
bool names_another_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t at = line.rfind(" HTTP/");
  if (line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0")) return false;  // then something else is wrong
  return at != std::string_view::npos && line.size() == at + 9 && line[at + 7] == '.' &&
         line.find_first_not_of("0123456789.", at + 6) == std::string_view::npos;
}

}  // namespace

struct RequestReader::Parser : http::request_parser<http::string_body> {};

RequestReader::RequestReader(Limits limits) : limits_(limits) {}
RequestReader::~RequestReader() = default;

std::span<char> RequestReader::prepare() {
  if (begin_ == end_) begin_ = end_ = 0;
  const size_t piece = state_ == State::kBody ? kBodyPiece : kHeadPiece;
  if (buffer_.size() - end_ < piece && begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < piece) buffer_.resize(end_ + piece);
  return {buffer_.data() + end_, buffer_.size() - end_};
}

RequestReader::State RequestReader::commit(size_t size) {
  end_ += size;
  if (state_ == State::kHead) return read_head();
  if (state_ == State::kBody) return read_body();
  return state_;
}

RequestReader::State RequestReader::next() {
  request_ = {};
  parser_.reset();
  scanned_ = 0;
  state_ = State::kHead;
  return read_head();
}

uint64_t RequestReader::body_size() const { return parser_ ? parser_->get().body().size() : request_.body.size(); }

RequestReader::State RequestReader::refuse(int status, std::string words) {
  refusal_ = {status, std::move(words)};
  return state_ = State::kRefused;
}

RequestReader::State RequestReader::read_head() {
  // An empty line in front is what old clients send behind a body.
  while (scanned_ == 0 && end_ - begin_ >= 2 && buffer_.compare(begin_, 2, "\r\n") == 0) begin_ += 2;
  // No more is looked at than a head may have: what is refused must not depend on how much came at once.
  const std::string_view bytes(buffer_.data() + begin_, std::min(end_ - begin_, limits_.header_bytes + 1));
  const HeadScan scan = scan_head(bytes, scanned_);
  scanned_ = scan.scanned;
  if (scan.broken) return refuse(400, scan.broken);
  if (scan.size.value_or(bytes.size()) > limits_.header_bytes) return too_much_head(bytes);
  return scan.size ? take_head(*scan.size) : state_;
}

RequestReader::State RequestReader::too_much_head(std::string_view head) {
  if (head.find("\r\n") > limits_.target_bytes) {
    return refuse(414, "the address is longer than " + std::to_string(limits_.target_bytes) + " bytes");
  }
  return refuse(431, "the headers are longer than " + std::to_string(limits_.header_bytes) + " bytes");
}

RequestReader::State RequestReader::take_head(size_t size) {
  const std::string_view head(buffer_.data() + begin_, size);
  parser_ = std::make_unique<Parser>();
  parser_->header_limit(static_cast<uint32_t>(limits_.header_bytes + 1));
  // Not boost::none: Beast of Boost 1.74 takes that for less than any length.
  parser_->body_limit(std::numeric_limits<uint64_t>::max());
  beast::error_code error;
  parser_->put({head.data(), head.size()}, error);
  if (error == http::error::bad_version && names_another_version(head)) {
    return refuse(505, "this server speaks HTTP/1.1 and HTTP/1.0");
  }
  if (error || !parser_->is_header_done()) return refuse(400, "not HTTP: " + error.message());

  const auto& message = parser_->get();
  is_http11_ = message.version() == 11;
  request_.method = string_of(message.method_string());
  request_.headers = lower_fields(message);
  const std::string target = string_of(message.target());
  if (target.size() > limits_.target_bytes) return too_much_head(head);
  if (const auto broken = check_headers(request_, is_http11_)) return refuse(broken->status, broken->words);
  if (const auto broken = take_target(target, request_)) return refuse(broken->status, broken->words);

  begin_ += size;
  keeps_alive_ = parser_->keep_alive();
  has_body_ = !parser_->is_done();
  content_length_.reset();
  if (has_body_ && !parser_->chunked()) content_length_ = *parser_->content_length();
  expects_continue_ = is_http11_ && has_body_ && !request_.header("expect").empty();
  return state_ = State::kHeadDone;
}

RequestReader::State RequestReader::accept_body() {
  if (content_length_ && *content_length_ > limits_.body_bytes) {
    return refuse(413, "the body has " + std::to_string(*content_length_) + " bytes; at most " +
                           std::to_string(limits_.body_bytes) + " are taken");
  }
  parser_->body_limit(limits_.body_bytes);
  parser_->eager(true);
  state_ = State::kBody;
  return read_body();
}

RequestReader::State RequestReader::read_body() {
  while (!parser_->is_done() && has_more()) {
    // Of a chunk, what is not its data waits until it is whole, and is bounded as a head is.
    const size_t most = content_length_ ? end_ - begin_ : std::min(end_ - begin_, limits_.header_bytes + 1);
    beast::error_code error;
    const size_t used = parser_->put({buffer_.data() + begin_, most}, error);
    begin_ += used;
    if (error == http::error::body_limit) {
      return refuse(413, "the body is longer than " + std::to_string(limits_.body_bytes) + " bytes");
    }
    if (error && error != http::error::need_more) return refuse(400, "a broken body: " + error.message());
    if (used > 0) continue;
    return most > limits_.header_bytes ? refuse(400, "a broken body: too much around a chunk") : state_;
  }
  if (!parser_->is_done()) return state_;
  request_.body = std::move(parser_->get().body());
  parser_.reset();
  return state_ = State::kDone;
}

}  // namespace heddle::server
