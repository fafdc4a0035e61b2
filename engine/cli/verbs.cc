#include "engine/cli/verbs.h"

namespace heddle::cli {

const std::vector<const Verb*>& all_verbs() {
  static const std::vector<const Verb*> kVerbs{
      &run_verb(),       &serve_verb(),     &check_verb(),      &explain_verb(), &nodes_verb(),
      &convert_verb(),   &models_verb(),     &inspect_verb(), &cache_verb(),
      &pipelines_verb(), &completion_verb(), &help_verb()};
  return kVerbs;
}

}  // namespace heddle::cli
