#include <stdexcept>

#include "engine/server/http.h"

namespace heddle::server {
namespace {

constexpr std::string_view kRest = "...}";

bool is_capture(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }
bool is_rest(std::string_view segment) { return segment.starts_with('{') && segment.ends_with(kRest); }

// Takes the first segment off a path, and its slash: "a/b" becomes "b". False if it was the last.
bool take_segment(std::string_view& path, std::string_view& segment) {
  const size_t slash = path.find('/');
  segment = path.substr(0, slash);
  if (slash == std::string_view::npos) return false;
  path.remove_prefix(slash + 1);
  return true;
}

LaterHandler answered_at_once(Handler handler) {
  return [handler = std::move(handler)](const Request& request, const Respond& respond) { respond(handler(request)); };
}

std::string listed(const std::vector<std::string_view>& methods) {
  std::string text;
  for (const std::string_view method : methods) {
    if (!text.empty()) text += ", ";
    text += method;
    if (method == "GET") text += ", HEAD";
  }
  return text;
}

}  // namespace

int Routes::child(int node, std::string_view segment) {
  Node& parent = nodes_[node];
  const auto found = parent.literals.find(segment);
  const bool is_new = is_capture(segment) ? parent.capture < 0 : found == parent.literals.end();
  if (!is_new) return is_capture(segment) ? parent.capture : found->second;

  const int made = static_cast<int>(nodes_.size());
  if (is_capture(segment)) {
    parent.capture = made;
  } else {
    parent.literals.emplace(segment, made);
  }
  nodes_.emplace_back();
  return made;
}

void Routes::add(Route route) {
  std::string_view path = route.pattern;
  if (!path.starts_with('/')) throw std::logic_error("route without a slash in front: " + route.pattern);
  path.remove_prefix(1);
  int node = 0;
  bool has_rest = false;
  for (bool more = true; more;) {
    std::string_view segment;
    more = take_segment(path, segment);
    if (has_rest) throw std::logic_error("{...} is not the last part of the route " + route.pattern);
    has_rest = is_rest(segment);
    if (!has_rest) node = child(node, segment);
  }
  auto& methods = has_rest ? nodes_[node].rest_methods : nodes_[node].methods;
  for (const auto& [method, index] : methods) {
    if (method == route.method) throw std::logic_error("two routes for " + method + " " + route.pattern);
  }
  methods.emplace_back(route.method, static_cast<int>(routes_.size()));
  routes_.push_back(std::move(route));
}

void Routes::add(std::string method, std::string pattern, Handler handler) {
  add({std::move(method), std::move(pattern), answered_at_once(std::move(handler))});
}

void Routes::add_both(Route route) {
  Route mirrored = route;
  mirrored.pattern.insert(0, "/api");
  add(std::move(route));
  add(std::move(mirrored));
}

void Routes::add_both(std::string method, std::string pattern, Handler handler) {
  add_both(std::move(method), std::move(pattern), answered_at_once(std::move(handler)));
}

void Routes::add_both(std::string method, std::string pattern, LaterHandler handler) {
  add_both({std::move(method), std::move(pattern), std::move(handler)});
}

// Walks down the tree, literals first, and back where a branch knows the path and not the method.
struct Routes::Search {
  const Routes& routes;
  std::string_view method;
  std::vector<std::string>& captures;
  std::vector<std::string_view> allowed;

  const Route* down(int node, std::string_view path, bool more) {
    if (!more) return in(routes.nodes_[node].methods);
    const std::string_view whole = path;
    std::string_view segment;
    more = take_segment(path, segment);
    const std::optional<std::string> decoded = percent_decoded(segment);
    if (!decoded) return nullptr;
    if (const Route* found = literal(node, *decoded, path, more)) return found;
    if (const Route* found = capture(node, *decoded, path, more)) return found;
    return rest(node, whole);
  }

  const Route* literal(int node, const std::string& segment, std::string_view path, bool more) {
    const auto& literals = routes.nodes_[node].literals;
    const auto child = literals.find(segment);
    return child == literals.end() ? nullptr : down(child->second, path, more);
  }

  const Route* capture(int node, const std::string& segment, std::string_view path, bool more) {
    const int child = routes.nodes_[node].capture;
    if (child < 0 || segment.empty()) return nullptr;
    captures.push_back(segment);
    const Route* found = down(child, path, more);
    if (!found) captures.pop_back();
    return found;
  }

  const Route* rest(int node, std::string_view path) {
    if (routes.nodes_[node].rest_methods.empty()) return nullptr;
    const std::optional<std::string> decoded = percent_decoded(path);
    if (!decoded || decoded->empty()) return nullptr;
    const Route* found = in(routes.nodes_[node].rest_methods);
    if (found) captures.push_back(*decoded);
    return found;
  }

  const Route* in(const std::vector<std::pair<std::string, int>>& methods) {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    for (const auto& [name, index] : methods) {
      if (name == wanted) return &routes.routes_[index];
      allowed.push_back(name);
    }
    return nullptr;
  }
};

const Route* Routes::find(std::string_view method, std::string_view path, std::vector<std::string>& captures,
                          std::string& allowed) const {
  captures.clear();
  allowed.clear();
  if (!path.starts_with('/')) return nullptr;
  Search search{*this, method, captures, {}};
  const Route* found = search.down(0, path.substr(1), true);
  if (!found) allowed = listed(search.allowed);
  return found;
}

}  // namespace heddle::server
