#include "nodes/weights/lora_formats.h"

namespace heddle::weights {
namespace {

// Who writes them: kohya's scripts, diffusers (three times), PEFT (three times).
constexpr LoraSpelling kSpellings[] = {
    {".lora_up.weight", ".lora_down.weight", ".lora_mid.weight"},
    {"_lora.up.weight", "_lora.down.weight", ""},
    {".lora_B.weight", ".lora_A.weight", ""},
    {".lora.up.weight", ".lora.down.weight", ""},
    {".lora_B", ".lora_A", ""},
    {".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight", ""},
    {".lora_B.default.weight", ".lora_A.default.weight", ""},
};

struct OtherFormat {
  std::string_view ending;
  const char* format;
  bool only_in_lora;  // the ending alone tells that a file is a LoRA
};
constexpr OtherFormat kOtherFormats[] = {
    {".hada_w1_a", "LoHa", true},
    {".lokr_w1", "LoKr", true},
    {".lokr_w1_a", "LoKr", true},
    {".lokr_w2", "LoKr", true},
    {".lokr_w2_a", "LoKr", true},
    {".a1.weight", "GLoRA", false},
    {".b1.weight", "GLoRA", false},
    {".oft_blocks", "OFT", true},
    {".dora_scale", "DoRA", true},
    {".reshape_weight", "padded LoRA", false},
    {".diff", "full difference", true},
    {".diff_b", "full difference", true},
    {".w_norm", "full difference", true},
    {".b_norm", "full difference", true},
    {".set_weight", "replaced weight", true},
};

}  // namespace

std::optional<LoraStem> split_up_key(std::string_view key) {
  for (const LoraSpelling& spelling : kSpellings) {
    if (!key.ends_with(spelling.up)) continue;
    return LoraStem{std::string(key.substr(0, key.size() - spelling.up.size())), &spelling};
  }
  return std::nullopt;
}

std::optional<OtherFormatKey> split_other_format_key(std::string_view key) {
  for (const OtherFormat& format : kOtherFormats) {
    if (!key.ends_with(format.ending)) continue;
    return OtherFormatKey{std::string(key.substr(0, key.size() - format.ending.size())),
                          format.format};
  }
  return std::nullopt;
}

bool is_lora_key(std::string_view key) {
  if (split_up_key(key)) return true;
  for (const OtherFormat& format : kOtherFormats) {
    if (format.only_in_lora && key.ends_with(format.ending)) return true;
  }
  return false;
}

}  // namespace heddle::weights
