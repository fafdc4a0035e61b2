// How LoRA files spell the tensors of one change: a stem that names a weight ("lora_unet_..."), and
// endings. Spellings of the same arithmetic, and formats that are recognised but not supported, are
// rows of tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heddle::weights {

/// The endings of up, down and mid; `mid` is empty where the spelling has none.
struct LoraSpelling {
  std::string_view up, down, mid;
};

struct LoraStem {
  std::string stem;
  const LoraSpelling* spelling;
};
/// Splits the key of an up matrix; nothing for every other key.
std::optional<LoraStem> split_up_key(std::string_view key);

/// A key of a format that cannot be applied ("LoHa"), and the stem it belongs to.
struct OtherFormatKey {
  std::string stem;
  const char* format;
};
std::optional<OtherFormatKey> split_other_format_key(std::string_view key);

/// Whether a key occurs in LoRA files and nowhere else.
bool is_lora_key(std::string_view key);

}  // namespace heddle::weights
