#include "nodes/weights/ema_names.h"

#include <algorithm>

namespace heddle::weights {
namespace {

constexpr const char* kPrefix = "model_ema.diffusion_model";

// How the number behind a module's name reads.
enum class Digits {
  kNone,
  kEach,   // "00" is 0.0: modules within modules of less than ten
  kChild,  // "110" is 11.0: blocks of up to four modules
  kWhole,  // "10" is 10
};
struct Word {
  std::string_view text;
  Digits digits = Digits::kNone;
};
// All names of modules and tensors of a U-Net. A word comes before those that it begins with.
constexpr Word kWords[] = {
    {"input_blocks", Digits::kChild},
    {"output_blocks", Digits::kChild},
    {"middle_block", Digits::kEach},
    {"transformer_blocks", Digits::kWhole},
    {"time_embed", Digits::kEach},
    {"label_emb", Digits::kEach},
    {"in_layers", Digits::kEach},
    {"emb_layers", Digits::kEach},
    {"out_layers", Digits::kEach},
    {"skip_connection"},
    {"norm1"},
    {"norm2"},
    {"norm3"},
    {"norm"},
    {"attn1"},
    {"attn2"},
    {"to_q"},
    {"to_k"},
    {"to_v"},
    {"to_out", Digits::kEach},
    {"ff"},
    {"net", Digits::kEach},
    {"proj_in"},
    {"proj_out"},
    {"proj"},
    {"op"},
    {"conv"},
    {"out", Digits::kEach},
    {"weight"},
    {"bias"},
};

const Word* word_at(std::string_view name) {
  for (const Word& word : kWords) {
    if (name.starts_with(word.text)) return &word;
  }
  return nullptr;
}

void append_number(std::string_view digits, Digits kind, std::string& dotted) {
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool last = i + 1 == digits.size();
    const bool ends = kind == Digits::kEach || (kind == Digits::kChild && last);
    if (i == 0 || ends) dotted += '.';
    dotted += digits[i];
  }
}

std::string without_dots(const std::string& name) {
  std::string undotted = name;
  undotted.erase(std::remove(undotted.begin(), undotted.end(), '.'), undotted.end());
  return undotted;
}

}  // namespace

std::optional<std::string> with_dots(std::string_view name) {
  std::string dotted;
  while (!name.empty()) {
    const Word* word = word_at(name);
    if (!word) return std::nullopt;
    dotted.append(dotted.empty() ? "" : ".").append(word->text);
    name.remove_prefix(word->text.size());
    const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if ((digits > 0) != (word->digits != Digits::kNone)) return std::nullopt;
    append_number(name.substr(0, digits), word->digits, dotted);
    name.remove_prefix(digits);
  }
  return dotted;
}

std::optional<Part> find_averaged_unet(const std::map<std::string, TensorInfo>& tensors) {
  Part part{.kind = PartKind::kUNet, .prefix = kPrefix, .naming = {.sources = {}, .spell = without_dots}};
  for (auto at = tensors.lower_bound(part.prefix);
       at != tensors.end() && at->first.starts_with(part.prefix); ++at) {
    const std::string_view undotted = std::string_view(at->first).substr(part.prefix.size());
    if (const auto name = with_dots(undotted)) part.naming.sources.emplace(*name, Source{at->first});
  }
  if (part.naming.sources.empty()) return std::nullopt;
  return part;
}

}  // namespace heddle::weights
