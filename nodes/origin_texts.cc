#include "nodes/origin_texts.h"

#include <algorithm>

namespace heddle {
namespace {

// What every format can hold: PNG has the narrowest names, 1 to 79 printable characters of ASCII.
bool can_be_keyword(const std::string& text) {
  return !text.empty() && text.size() <= 79 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

ImageTexts origin_texts(const Origin& origin) {
  ImageTexts texts;
  if (!origin.metadata) return texts;
  texts.emplace_back("prompt", dump_python(origin.prompt));
  if (!origin.workflow.is_null()) texts.emplace_back("workflow", dump_python(origin.workflow));
  texts.emplace_back("heddle", dump_python(origin.record));
  if (!origin.texts.is_object()) return texts;
  for (const auto& [keyword, value] : origin.texts.items()) {
    const bool is_free = std::none_of(texts.begin(), texts.end(), [&](const auto& text) { return text.first == keyword; });
    if (is_free && can_be_keyword(keyword)) texts.emplace_back(keyword, dump_python(value));
  }
  return texts;
}

}  // namespace heddle
