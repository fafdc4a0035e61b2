#include "engine/server/front_page.h"

#include "engine/version.h"

namespace heddle::server {

Response front_page() {
  const std::string page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>heddle</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }
code { font-family: ui-monospace, monospace }
</style>
</head>
<body>
<main>
<h1>heddle )" + std::string(version()) + R"(</h1>
<p>The server runs. Programs written for ComfyUI can use this address as it is.</p>
<ul>
<li><a href="/v1/docs">The API, readable</a>, and <a href="/v1/openapi.json">as OpenAPI</a></li>
<li><a href="/v1/jobs">Jobs</a>, <a href="/v1/queue">the queue</a>, <a href="/v1/pipelines">pipelines</a></li>
<li><a href="/v1/nodes">Nodes</a> and <a href="/v1/models">models</a></li>
<li><a href="/readyz">Ready?</a> <a href="/metrics">Metrics</a></li>
</ul>
</main>
</body>
</html>
)";
  Response response{.status = 200, .type = "text/html; charset=utf-8", .body = page};
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

}  // namespace heddle::server
