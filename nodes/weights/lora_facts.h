// What a LoRA file is, whatever model it is put on: shown wherever the file is.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "nodes/weights/family.h"

namespace heddle::weights {

struct LoraFacts {
  FamilyGuess family;
  std::map<std::string, size_t> kinds;  // "LoRA" -> number of weights
  std::set<int64_t> ranks;
  std::set<double> alphas;
  size_t without_alpha = 0;           // factorised changes that have none
  std::vector<std::string> triggers;  // words that the metadata names, the most used ones first
  std::string damage;                 // why a change cannot be read; "" if all can
};

/// Never throws for what the file holds. Reads shapes, alphas and metadata.
LoraFacts lora_facts(const TensorFile& lora);

/// "LoRA (134 weights), difference (2 weights), rank 8, alpha 1 to 4" in one line.
std::string lora_facts_text(const LoraFacts& facts);

/// Words that metadata names as triggers: what says so outright, then the tags that the most
/// pictures of the training had (at most ten).
std::vector<std::string> trigger_words(const std::map<std::string, std::string>& metadata);

}  // namespace heddle::weights
