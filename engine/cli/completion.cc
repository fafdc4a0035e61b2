// heddle completion bash: a script that completes verbs, flags, nodes and pipelines.
#include <iostream>

#include "engine/cli/verbs.h"
#include "engine/problem.h"

namespace heddle::cli {
namespace {

std::string spaced(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// What may stand after a verb beside files and flags; the program itself is asked where the answer
// is not fixed.
std::string subject_words(const Verb& verb) {
  if (verb.name == "nodes") return "$(heddle nodes --quiet 2>/dev/null)";
  if (verb.name == "pipelines" || verb.takes_graph) {
    return "$(heddle pipelines --quiet 2>/dev/null)";
  }
  if (verb.name == "cache") return "list clear";
  if (verb.name == "completion") return "bash";
  return "";
}

std::string bash_script(const std::vector<const Verb*>& verbs) {
  std::vector<std::string> names, common = flag_names(common_flags());
  common.insert(common.end(), {"--settings", "--help"});
  std::string cases;
  for (const Verb* verb : verbs) {
    names.push_back(verb->name);
    cases += "    " + verb->name + ") flags=\"" + spaced(flag_names(verb->flags)) + "\"; words=\"" +
             subject_words(*verb) + "\" ;;\n";
  }
  return "# eval \"$(heddle completion bash)\"\n"
         "_heddle() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" verb=\"\" flags=\"\" words=\"\" common=\"" +
         spaced(common) +
         "\"\n"
         "  local i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \" " +
         spaced(names) +
         " \" in *\" ${COMP_WORDS[i]} \"*) verb=\"${COMP_WORDS[i]}\"; break ;; esac\n"
         "  done\n"
         "  case \"$verb\" in\n"
         "    \"\") words=\"" +
         spaced(names) +
         " --version\" ;;\n"
         "    help) words=\"" +
         spaced(names) + "\" ;;\n" + cases +
         "  esac\n"
         "  case \"$word\" in\n"
         "    -*) COMPREPLY=($(compgen -W \"$flags $common\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _heddle heddle\n";
}

int completion(const Options& options, const Program&) {
  if (options.subject != "bash") {
    throw UsageError("completion is there for bash: eval \"$(heddle completion bash)\"");
  }
  std::cout << bash_script(all_verbs());
  return kDone;
}

}  // namespace

const Verb& completion_verb() {
  static const Verb kVerb{.name = "completion",
                          .summary = "prints a script that makes a shell complete heddle's words",
                          .subject = "bash",
                          .subject_help = "the shell",
                          .examples = {"eval \"$(heddle completion bash)\""},
                          .run = completion};
  return kVerb;
}

}  // namespace heddle::cli
