#include "engine/json.h"

#include "engine/json_builder.h"
#include "engine/json_survey.h"

namespace heddle {

Json parse_json(std::string_view text) {
  const JsonSurvey survey(text);
  JsonBuilder builder(survey);
  const std::string_view readable = survey.text();
  if (!Json::sax_parse(readable.data(), readable.data() + readable.size(), &builder)) {
    throw JsonError(builder.error());
  }
  return builder.take_root();
}

}  // namespace heddle
