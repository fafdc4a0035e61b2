#include "nodes/weights/lora_facts.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "nodes/weights/file_error.h"
#include "nodes/weights/lora_family.h"
#include "nodes/weights/lora_formats.h"

namespace heddle::weights {
namespace {

using nlohmann::json;

constexpr std::string_view kTriggerNames[] = {"modelspec.trigger_phrase", "trigger word",
                                              "trigger words", "trigger_word", "trigger_words"};

void count(const LoraChange& change, LoraFacts& facts) {
  ++facts.kinds[kind_name(change.patch)];
  const auto rank = rank_of(change.patch);
  if (!rank) return;
  facts.ranks.insert(*rank);
  if (change.patch.alpha) {
    facts.alphas.insert(*change.patch.alpha);
  } else {
    ++facts.without_alpha;
  }
}

std::string number_text(double number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
  return {text, end};
}

template <typename Number>
std::string range_text(const char* name, const std::set<Number>& numbers) {
  if (numbers.empty()) return "";
  std::string text = std::string(", ") + name + " " + number_text(double(*numbers.begin()));
  if (numbers.size() > 1) text += " to " + number_text(double(*numbers.rbegin()));
  return text;
}

// kohya's count of tags: folder -> tag -> pictures.
std::vector<std::string> frequent_tags(const std::string& text) {
  constexpr size_t kMost = 10, kLongestText = 1 << 22;
  if (text.size() > kLongestText) return {};
  const json folders = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!folders.is_object()) return {};
  std::map<std::string, double> pictures;
  for (const auto& folder : folders) {
    if (!folder.is_object()) continue;
    for (const auto& [tag, number] : folder.items()) {
      if (number.is_number()) pictures[tag] += number.get<double>();
    }
  }
  std::vector<std::pair<std::string, double>> tags(pictures.begin(), pictures.end());
  std::stable_sort(tags.begin(), tags.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> words;
  for (size_t i = 0; i < std::min(kMost, tags.size()); ++i) words.push_back(tags[i].first);
  return words;
}

}  // namespace

std::vector<std::string> trigger_words(const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> words;
  const auto add = [&](const std::string& word) {
    const bool known = std::find(words.begin(), words.end(), word) != words.end();
    if (!word.empty() && !known) words.push_back(word);
  };
  for (const std::string_view name : kTriggerNames) {
    const auto found = metadata.find(std::string(name));
    if (found != metadata.end()) add(found->second);
  }
  const auto tags = metadata.find("ss_tag_frequency");
  if (tags == metadata.end()) return words;
  for (const std::string& tag : frequent_tags(tags->second)) add(tag);
  return words;
}

LoraFacts lora_facts(const TensorFile& lora) {
  LoraFacts facts;
  facts.family = guess_lora_family(lora);
  facts.triggers = trigger_words(lora.metadata());
  std::set<std::string> stems;
  for (const auto& [key, info] : lora.tensors()) {
    if (auto stem = stem_of(key)) stems.insert(std::move(*stem));
  }
  for (const std::string& stem : stems) {
    try {
      const StemChanges changes = read_stem(lora, stem);
      for (const auto* change : {&changes.weight, &changes.bias}) {
        if (*change) count(**change, facts);
      }
    } catch (const FileError& error) {
      if (facts.damage.empty()) facts.damage = error.what();
    }
  }
  return facts;
}

std::string lora_facts_text(const LoraFacts& facts) {
  std::string text;
  for (const auto& [kind, weights] : facts.kinds) {
    text += (text.empty() ? "" : ", ") + kind + " (" + std::to_string(weights) +
            (weights == 1 ? " weight)" : " weights)");
  }
  text += range_text("rank", facts.ranks) + range_text("alpha", facts.alphas);
  if (facts.without_alpha > 0) text += ", without alpha: " + std::to_string(facts.without_alpha);
  if (!facts.damage.empty()) text += "; damaged: " + facts.damage;
  return text;
}

}  // namespace heddle::weights
