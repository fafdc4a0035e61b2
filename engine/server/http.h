// HTTP as the routes see it: plain requests and responses, and a table of routes. No library's names are here; the
// server that moves the bytes is http_server.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/json.h"

namespace heddle::server {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "GET"
  std::string path;    // as sent, still percent-encoded, without the query: "/api/userdata/a%2Fb.json"
  Fields query;        // decoded
  Fields headers;      // names in lower case
  std::string body;
  std::vector<std::string> captures;  // what stood in for the {} of the route's pattern, decoded

  /// "" if there is none; the first of several. `name` in lower case.
  std::string_view header(std::string_view name) const;
  std::optional<std::string> parameter(std::string_view name) const;
};

/// A response that goes on: server-sent events. Methods may be called from any thread.
class Stream {
 public:
  virtual ~Stream() = default;
  /// False once the client is gone, or so slow that what waits for it passed the bound: then it has been closed.
  virtual bool write(std::string bytes) = 0;
  virtual void close() = 0;
  /// Called once, when the client has gone or close() was called; at once if that has been.
  virtual void on_closed(std::function<void()> call) = 0;
};

struct Response {
  int status = 200;
  std::string type;  // Content-Type; "": application/octet-stream
  std::string body;
  Fields headers;
  /// The body is this file: the server reads it, and answers Range, If-None-Match and If-Modified-Since.
  std::optional<std::filesystem::path> file;
  /// Headers go out at once, and what is written to the stream as it comes.
  std::function<void(std::shared_ptr<Stream>)> stream;
  /// Called once the response has been written, or could not be: exactly once, whatever happens. On the thread that
  /// moves the bytes of all connections, so it must be quick.
  std::function<void()> after_written;
};

Response json_response(const Json& body, int status = 200);  // in the manner of ComfyUI: dump_python
Response text_response(std::string body, int status = 200);
Response empty_response(int status = 200);

/// Answers once, from any thread; calls after the first do nothing. Never called: 500 when the last copy is dropped.
/// The request it answers stays as it is for as long as a copy of this is kept.
using Respond = std::function<void(Response)>;
using Handler = std::function<Response(const Request& request)>;
using LaterHandler = std::function<void(const Request& request, Respond respond)>;

/// Handlers run on a pool of threads, several at once. What they throw is answered by 500 and logged.
struct Route {
  std::string method;   // "GET"; answers HEAD too
  std::string pattern;  // "/v1/jobs/{id}": {} takes one segment; {path...}, last, takes the rest
  LaterHandler handler;
  Json about = nullptr;  // for /v1: what OpenAPI says of it (summary, parameters, bodies); null: not listed there
};

class Routes {
 public:
  void add(Route route);
  void add(std::string method, std::string pattern, Handler handler);
  /// The same under /api too, as ComfyUI has it.
  void add_both(Route route);
  void add_both(std::string method, std::string pattern, Handler handler);
  void add_both(std::string method, std::string pattern, LaterHandler handler);

  /// The route for a method and a path, and what it captured. `allowed`, filled when the path is known and the method
  /// is not, lists the methods that are ("GET, HEAD, POST"). Literal segments win over captures; a capture stands for at
  /// least one byte.
  const Route* find(std::string_view method, std::string_view path, std::vector<std::string>& captures,
                    std::string& allowed) const;
  const std::vector<Route>& all() const { return routes_; }

 private:
  // A tree of segments: a request costs a look-up for each segment of its path, however many routes there are.
  struct Node {
    std::map<std::string, int, std::less<>> literals;  // to indices in nodes_
    int capture = -1;                                  // by {}
    std::vector<std::pair<std::string, int>> methods, rest_methods;  // to indices in routes_; of {...} below
  };
  struct Search;

  int child(int node, std::string_view segment);

  std::vector<Route> routes_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
};

/// Decodes %XX, and '+' to a space where `plus` is set; nothing for a broken escape or a NUL.
std::optional<std::string> percent_decoded(std::string_view text, bool plus = false);
std::string percent_encoded(std::string_view text);  // all but unreserved characters
Fields parse_query(std::string_view query);          // broken escapes are kept as they are

/// One part of a multipart/form-data body; views into it.
struct FormPart {
  std::string name, filename, type;  // "" where not said
  bool is_file = false;              // has a filename, be it empty
  std::string_view content;
};
/// Nothing if the body is none (no boundary, not closed, too many parts).
std::optional<std::vector<FormPart>> parse_form(const Request& request);

}  // namespace heddle::server
