#include <httplib.h>

#include "engine/jobs/webhook_target.h"
#include "engine/jobs/webhooks.h"

namespace heddle {
namespace {

constexpr time_t kConnectSeconds = 5, kAnswerSeconds = 10;
constexpr size_t kMostAnswer = 64 << 10;  // nobody reads it

WebhookAnswer post(const WebhookPost& post) {
  const auto url = parse_webhook_url(post.url);
  if (!url) return {{}, "no address"};
  httplib::Client client((url->tls ? "https://" : "http://") + url->host_and_port());
  client.set_connection_timeout(kConnectSeconds);
  client.set_read_timeout(kAnswerSeconds);
  client.set_write_timeout(kAnswerSeconds);
  client.set_follow_location(false);

  httplib::Request request;
  request.method = "POST";
  request.path = url->path;
  request.body = post.body;
  for (const auto& [name, value] : post.headers) request.set_header(name.c_str(), value.c_str());
  size_t received = 0;
  request.content_receiver = [&](const char*, size_t size, uint64_t, uint64_t) {
    return (received += size) <= kMostAnswer;
  };
  int status = 0;
  request.response_handler = [&](const httplib::Response& response) {
    status = response.status;
    return true;
  };
  const httplib::Result result = client.send(request);
  if (status) return {status, ""};  // a long or a cut answer counts by its status
  return {{}, httplib::to_string(result.error())};
}

}  // namespace

SendWebhook http_webhook_sender() { return post; }

}  // namespace heddle
