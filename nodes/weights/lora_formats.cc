#include "nodes/weights/lora_formats.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "nodes/weights/file_error.h"

namespace heddle::weights {
namespace {

// Who writes them: kohya's scripts, diffusers (three times), PEFT (three times).
struct LoraSpelling {
  std::string_view up, down, mid;  // mid is empty where the spelling has none
};
constexpr LoraSpelling kSpellings[] = {
    {".lora_up.weight", ".lora_down.weight", ".lora_mid.weight"},
    {"_lora.up.weight", "_lora.down.weight", ""},
    {".lora_B.weight", ".lora_A.weight", ""},
    {".lora.up.weight", ".lora.down.weight", ""},
    {".lora_B", ".lora_A", ""},
    {".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight", ""},
    {".lora_B.default.weight", ".lora_A.default.weight", ""},
};

struct Ending {
  std::string_view text;
  bool only_in_lora;  // the ending alone tells that a file is a LoRA
};
// Besides those of kSpellings.
constexpr Ending kEndings[] = {
    {".alpha", false},     {".dora_scale", true}, {".reshape_weight", false},
    {".hada_w1_a", true},  {".hada_w1_b", true},  {".hada_w2_a", true},
    {".hada_w2_b", true},  {".hada_t1", true},    {".hada_t2", true},
    {".lokr_w1", true},    {".lokr_w1_a", true},  {".lokr_w1_b", true},
    {".lokr_w2", true},    {".lokr_w2_a", true},  {".lokr_w2_b", true},
    {".lokr_t2", true},    {".a1.weight", false}, {".a2.weight", false},
    {".b1.weight", false}, {".b2.weight", false}, {".oft_blocks", true},
    {".rescale", false},   {".diff", true},       {".diff_b", true},
    {".w_norm", true},     {".b_norm", true},     {".set_weight", true},
};

// The tensors of one stem, and which of them were asked for.
class Stem {
 public:
  Stem(const TensorFile& file, std::string name) : file_(file), name_(std::move(name)) {}

  std::string key(std::string_view ending) const { return name_ + std::string(ending); }
  bool has(std::string_view ending) const { return file_.tensors().contains(key(ending)); }

  /// Undefined if there is none.
  at::Tensor optional(std::string_view ending) {
    if (!has(ending)) return {};
    read_.push_back(key(ending));
    return file_.tensor(read_.back());
  }
  /// A tensor without which `present` is of no use.
  at::Tensor needed(std::string_view ending, std::string_view present) {
    if (has(ending)) return optional(ending);
    throw FileError(file_.name() + ": " + in_quotes(key(present)) + " is there, but " +
                    in_quotes(key(ending)) + " is not: the file is damaged");
  }
  std::vector<std::string> take_keys() { return std::exchange(read_, {}); }
  std::string source() const { return file_.name() + ": " + in_quotes(name_); }
  std::optional<double> alpha();
  [[noreturn]] void reject(const std::string& problem) const {
    throw FileError(file_.name() + ": " + problem);
  }

 private:
  const TensorFile& file_;
  std::string name_;
  std::vector<std::string> read_;
};

std::optional<double> Stem::alpha() {
  const std::string name = key(".alpha");
  const at::Tensor alpha = optional(".alpha");
  if (!alpha.defined()) return std::nullopt;
  if (alpha.numel() != 1) {
    reject(in_quotes(name) + " has shape " + shape_text(alpha.sizes()) + "; it must be one number");
  }
  const double value = alpha.to(at::kDouble).item<double>();
  if (!std::isfinite(value)) reject(in_quotes(name) + " is no finite number: the file is damaged");
  return value;
}

std::vector<int64_t> read_padded_shape(Stem& stem) {
  const at::Tensor shape = stem.optional(".reshape_weight");
  if (!shape.defined()) return {};
  constexpr int64_t kMostDimensions = 4, kMost = 1 << 20;
  std::vector<int64_t> padded;
  for (int64_t i = 0; shape.dim() == 1 && i < std::min(shape.size(0), kMostDimensions + 1); ++i) {
    padded.push_back(shape[i].to(at::kLong).item<int64_t>());
  }
  const bool is_sane =
      !padded.empty() && padded.size() <= kMostDimensions &&
      std::all_of(padded.begin(), padded.end(), [](int64_t n) { return n > 0 && n <= kMost; });
  if (is_sane) return padded;
  stem.reject(in_quotes(stem.key(".reshape_weight")) +
              " is no shape of a weight: it must hold 1 to " + std::to_string(kMostDimensions) +
              " numbers from 1 to " + std::to_string(kMost));
}

std::optional<Change> read_low_rank(Stem& stem) {
  for (const LoraSpelling& spelling : kSpellings) {
    if (!stem.has(spelling.up)) {
      if (stem.has(spelling.down)) stem.needed(spelling.up, spelling.down);
      continue;
    }
    LowRank change;
    change.up = stem.optional(spelling.up);
    change.down = stem.needed(spelling.down, spelling.up);
    if (!spelling.mid.empty()) change.mid = stem.optional(spelling.mid);
    change.padded = read_padded_shape(stem);
    return change;
  }
  return std::nullopt;
}

std::optional<Change> read_loha(Stem& stem) {
  if (!stem.has(".hada_w1_a")) return std::nullopt;
  LoHa change;
  change.w1_a = stem.optional(".hada_w1_a");
  change.w1_b = stem.needed(".hada_w1_b", ".hada_w1_a");
  change.w2_a = stem.needed(".hada_w2_a", ".hada_w1_a");
  change.w2_b = stem.needed(".hada_w2_b", ".hada_w1_a");
  change.t1 = stem.optional(".hada_t1");
  change.t2 = change.t1.defined() ? stem.needed(".hada_t2", ".hada_t1") : at::Tensor();
  return change;
}

std::optional<Change> read_lokr(Stem& stem) {
  LoKr change;
  change.w1 = stem.optional(".lokr_w1");
  change.w2 = stem.optional(".lokr_w2");
  const bool first = change.w1.defined() || stem.has(".lokr_w1_a");
  const bool second = change.w2.defined() || stem.has(".lokr_w2_a");
  if (!first && !second) return std::nullopt;
  if (!change.w1.defined()) {
    change.w1_a = stem.needed(".lokr_w1_a", change.w2.defined() ? ".lokr_w2" : ".lokr_w2_a");
    change.w1_b = stem.needed(".lokr_w1_b", ".lokr_w1_a");
  }
  if (!change.w2.defined()) {
    change.w2_a = stem.needed(".lokr_w2_a", change.w1.defined() ? ".lokr_w1" : ".lokr_w1_a");
    change.w2_b = stem.needed(".lokr_w2_b", ".lokr_w2_a");
    change.t2 = stem.optional(".lokr_t2");
  }
  return change;
}

std::optional<Change> read_glora(Stem& stem) {
  if (!stem.has(".a1.weight")) return std::nullopt;
  Glora change;
  change.a1 = stem.optional(".a1.weight");
  change.a2 = stem.needed(".a2.weight", ".a1.weight");
  change.b1 = stem.needed(".b1.weight", ".a1.weight");
  change.b2 = stem.needed(".b2.weight", ".a1.weight");
  return change;
}

// OFT and BOFT have the same key, and differ by one dimension.
std::optional<Change> read_oft(Stem& stem) {
  const at::Tensor blocks = stem.optional(".oft_blocks");
  if (!blocks.defined()) return std::nullopt;
  const at::Tensor rescale = stem.optional(".rescale");  // OFT has it, and does not use it
  if (blocks.dim() == 4) return Boft{blocks, rescale};
  return Oft{blocks};
}

constexpr std::optional<Change> (*kKinds[])(Stem&) = {read_low_rank, read_loha, read_lokr,
                                                      read_glora, read_oft};

// What takes the place of all that, the last one again.
std::optional<Change> read_replacing(Stem& stem) {
  std::optional<Change> change;
  for (const std::string_view ending : {".w_norm", ".diff"}) {
    if (const at::Tensor tensor = stem.optional(ending); tensor.defined()) {
      change = Difference{tensor};
    }
  }
  if (const at::Tensor tensor = stem.optional(".set_weight"); tensor.defined()) {
    change = Replacement{tensor};
  }
  return change;
}

bool takes_dora(const Change& change) {
  return std::holds_alternative<LowRank>(change) || std::holds_alternative<LoHa>(change) ||
         std::holds_alternative<LoKr>(change) || std::holds_alternative<Glora>(change);
}

std::optional<LoraChange> read_weight(Stem& stem) {
  std::optional<Change> change;
  for (const auto read : kKinds) {
    if (auto found = read(stem)) change = std::move(found);
  }
  const at::Tensor dora_scale = stem.optional(".dora_scale");
  if (dora_scale.defined() && change && !takes_dora(*change)) {
    stem.reject(in_quotes(stem.key(".dora_scale")) +
                " is there, but OFT and BOFT have none; it belongs to LoRA, LoHa, LoKr or GLoRA");
  }
  if (auto found = read_replacing(stem)) change = std::move(found);
  if (!change) return std::nullopt;
  Patch patch{.change = std::move(*change), .alpha = stem.alpha(), .source = stem.source()};
  if (takes_dora(patch.change)) patch.dora_scale = dora_scale;
  return LoraChange{std::move(patch), stem.take_keys()};
}

std::optional<LoraChange> read_bias(Stem& stem) {
  at::Tensor bias = stem.optional(".b_norm");
  if (const at::Tensor other = stem.optional(".diff_b"); other.defined()) bias = other;
  if (!bias.defined()) return std::nullopt;
  return LoraChange{{.change = Difference{bias}, .source = stem.source()}, stem.take_keys()};
}

}  // namespace

std::optional<std::string> stem_of(std::string_view key) {
  const auto before = [&](std::string_view ending) {
    return std::string(key.substr(0, key.size() - ending.size()));
  };
  for (const LoraSpelling& spelling : kSpellings) {
    for (const std::string_view ending : {spelling.up, spelling.down, spelling.mid}) {
      if (!ending.empty() && key.ends_with(ending)) return before(ending);
    }
  }
  for (const Ending& ending : kEndings) {
    if (key.ends_with(ending.text)) return before(ending.text);
  }
  return std::nullopt;
}

bool is_lora_key(std::string_view key) {
  for (const LoraSpelling& spelling : kSpellings) {
    if (key.ends_with(spelling.up)) return true;
  }
  for (const Ending& ending : kEndings) {
    if (ending.only_in_lora && key.ends_with(ending.text)) return true;
  }
  return false;
}

StemChanges read_stem(const TensorFile& lora, const std::string& name) {
  Stem stem(lora, name);
  StemChanges changes;
  changes.weight = read_weight(stem);
  changes.bias = read_bias(stem);
  return changes;
}

}  // namespace heddle::weights
