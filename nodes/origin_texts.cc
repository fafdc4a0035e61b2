#include "nodes/origin_texts.h"

namespace heddle {

ImageTexts origin_texts(const Origin& origin) {
  ImageTexts texts;
  if (!origin.metadata) return texts;
  texts.emplace_back("prompt", dump_python(origin.prompt));
  if (!origin.workflow.is_null()) texts.emplace_back("workflow", dump_python(origin.workflow));
  texts.emplace_back("heddle", dump_python(origin.record));
  return texts;
}

}  // namespace heddle
