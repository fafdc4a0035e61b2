#include "engine/json_builder.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>

namespace heddle {
namespace {

using Member = std::pair<std::string, Json>;

// Where each key stands first among `members`; comparing a few keys is faster than hashing them.
class FirstPlaces {
 public:
  explicit FirstPlaces(std::span<const Member> members) : members_(members) {
    if (members.size() > kFew) places_.reserve(members.size());
  }

  size_t operator()(size_t i) {
    const std::string& key = members_[i].first;
    if (members_.size() > kFew) return places_.emplace(key, i).first->second;
    size_t first = 0;
    while (members_[first].first != key) ++first;
    return first;
  }

 private:
  static constexpr size_t kFew = 12;

  std::span<const Member> members_;
  std::unordered_map<std::string_view, size_t> places_;
};

// Gives a key that occurs twice its last value, at its first place, as a Python dict does. Returns
// the members to leave out, in order.
std::vector<size_t> settle_repeated_keys(std::span<Member> members) {
  std::vector<size_t> repeated;
  FirstPlaces first_place(members);
  for (size_t i = 0; i < members.size(); ++i) {
    const size_t first = first_place(i);
    if (first == i) continue;
    members[first].second = std::move(members[i].second);
    repeated.push_back(i);
  }
  return repeated;
}

// The parser stands behind the token that it did not expect. The text it gives is that of the token
// if this is a string or a number; in front of signs and literals it keeps older ones.
size_t token_start(std::string_view text, size_t position, const std::string& token) {
  if (position > text.size()) return text.size();
  const std::string_view read = text.substr(0, position);
  for (const std::string_view literal : {"null", "true", "false", ",", ":", "[", "]", "{", "}"}) {
    if (read.ends_with(literal)) return position - literal.size();
  }
  return position - std::min(position, token.size());
}

}  // namespace

bool JsonBuilder::null() {
  switch (survey_.literals()[literals_seen_++]) {
    case JsonSurvey::Literal::kNaN:
      return add(std::numeric_limits<double>::quiet_NaN());
    case JsonSurvey::Literal::kInfinity:
      return add(std::numeric_limits<double>::infinity());
    case JsonSurvey::Literal::kMinusInfinity:
      return add(-std::numeric_limits<double>::infinity());
    case JsonSurvey::Literal::kNull:
      break;
  }
  return add(nullptr);
}

bool JsonBuilder::key(std::string& value) {
  key_ = std::move(value);
  has_key_ = true;
  return true;
}

bool JsonBuilder::add(Json value) {
  members_.emplace_back(std::move(key_), std::move(value));
  has_key_ = false;
  return true;
}

bool JsonBuilder::open(bool is_object) {
  frames_.push_back({members_.size(), is_object, std::move(key_)});
  has_key_ = false;
  return true;
}

bool JsonBuilder::close(Json container) {
  members_.resize(frames_.back().first);
  key_ = std::move(frames_.back().key);
  frames_.pop_back();
  return add(std::move(container));
}

bool JsonBuilder::end_array() {
  const auto members = std::span(members_).subspan(frames_.back().first);
  Json::array_t items;
  items.reserve(members.size());
  for (Member& member : members) items.push_back(std::move(member.second));
  return close(std::move(items));
}

bool JsonBuilder::end_object() {
  const auto members = std::span(members_).subspan(frames_.back().first);
  const std::vector<size_t> repeated = settle_repeated_keys(members);
  Json::object_t object;
  // The vector that an ordered map is: the map's own emplace would search for the key.
  Json::object_t::Container& items = object;
  items.reserve(members.size());
  auto left_out = repeated.begin();
  for (size_t i = 0; i < members.size(); ++i) {
    if (left_out != repeated.end() && *left_out == i) {
      ++left_out;
    } else {
      items.emplace_back(std::move(members[i].first), std::move(members[i].second));
    }
  }
  return close(std::move(object));
}

bool JsonBuilder::parse_error(size_t position, const std::string& token,
                              const Json::exception& error) {
  constexpr int kNumberOverflow = 406;
  const size_t size = survey_.text().size();
  const std::string_view what = error.what();
  // Tokens that are wrong in themselves: nlohmann's words, `invalid string: missing closing quote`,
  // at the last byte read.
  if (const size_t at = what.find(" - invalid "); at != what.npos) {
    const std::string_view reason = what.substr(at + 3, what.find("; last read: ") - at - 3);
    const size_t bad = position > size ? size : position - 1;
    error_ = survey_.place(bad) + std::string(reason) + ", found " + survey_.found(bad);
    return false;
  }
  const size_t start = token_start(survey_.text(), position, token);
  if (error.id == kNumberOverflow) {
    error_ = survey_.place(start) + "the number " + survey_.found(start) + " is too large";
  } else {
    error_ =
        survey_.place(start) + "expected " + expected(start) + ", found " + survey_.found(start);
  }
  return false;
}

// The parser's state, known from the open containers and the last sign before the unexpected token.
std::string JsonBuilder::expected(size_t start) const {
  if (frames_.empty()) return members_.empty() ? "a value" : "the end of the text";
  const size_t last = survey_.text().substr(0, start).find_last_not_of(" \t\r\n");
  const char before = survey_.text()[last];
  if (!frames_.back().is_object) {
    if (before == '[') return "a value or ']'";
    return before == ',' ? "a value" : "',' or ']'";
  }
  if (before == '{') return "a key in quotes or '}'";
  if (before == ',') return "a key in quotes";
  if (before == ':') return "a value";
  return has_key_ ? "':'" : "',' or '}'";
}

}  // namespace heddle
