// Builds a document from the events of nlohmann's parser (its SAX interface). nlohmann's own
// builder looks for an equal key at each insertion, which takes quadratic time in large objects.
// Here the members of open containers wait in one flat list; a container is made, and its keys are
// compared, when it ends.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/json.h"
#include "engine/json_survey.h"

namespace heddle {

class JsonBuilder {
 public:
  /// `survey` is of the text that is parsed and must outlive the builder.
  explicit JsonBuilder(const JsonSurvey& survey) : survey_(survey) {}

  bool null();
  bool boolean(bool value) { return add(value); }
  bool number_integer(int64_t value) { return add(value); }
  bool number_unsigned(uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }
  bool key(std::string& value);
  bool start_object(size_t) { return open(true); }
  bool start_array(size_t) { return open(false); }
  bool end_object();
  bool end_array();
  bool parse_error(size_t position, const std::string& token, const Json::exception& error);

  /// REQUIRES: the parser accepted the text.
  Json take_root() { return std::move(members_.front().second); }

  /// What was wrong, and where, when it did not.
  const std::string& error() const { return error_; }

 private:
  using Member = std::pair<std::string, Json>;  // list items have no key
  struct Frame {
    size_t first;  // of its members
    bool is_object;
    std::string key;  // under which the container itself goes into its parent
  };

  bool add(Json value);
  bool open(bool is_object);
  bool close(Json container);
  std::string expected(size_t start) const;

  const JsonSurvey& survey_;
  size_t literals_seen_ = 0;
  std::vector<Member> members_;
  std::vector<Frame> frames_;
  std::string key_;
  bool has_key_ = false;
  std::string error_;
};

}  // namespace heddle
