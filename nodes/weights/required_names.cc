#include "nodes/weights/required_names.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string_view>

#include "nodes/weights/unet_names.h"

namespace heddle::weights {
namespace {

using Modules = std::initializer_list<const char*>;

// Collects what is needed: modules with a weight and a bias, or a weight alone.
class Needs {
 public:
  explicit Needs(const NamesAndShapes& have) : have_(have) {}

  void weight(const std::string& module) { tensor(module + ".weight"); }
  void modules(const std::string& prefix, Modules modules) {
    for (const char* module : modules) {
      tensor(prefix + module + ".weight");
      tensor(prefix + module + ".bias");
    }
  }
  // 1x1 convolution beside a residual block whose first convolution (`conv`) changes the number of
  // channels.
  void shortcut(const std::string& prefix, const char* conv, const char* shortcut) {
    const auto found = have_.find(prefix + conv + ".weight");
    const bool known = found != have_.end() && found->second.size() > 1;
    if (known && found->second[0] != found->second[1]) modules(prefix, {shortcut});
  }

  MissingNames take() { return std::move(missing_); }

 private:
  void tensor(const std::string& name) {
    ++missing_.needed;
    if (!have_.contains(name)) missing_.names.push_back(name);
  }

  const NamesAndShapes& have_;
  MissingNames missing_;
};

// More are not a network but an attempt to exhaust memory.
constexpr int kMaxCount = 100;

// The largest number N below kMaxCount in "BEGINNING N.", plus one.
int count_numbered(const NamesAndShapes& have, const std::string& beginning) {
  int count = 0;
  for (auto at = have.lower_bound(beginning); at != have.end() && at->first.starts_with(beginning);
       ++at) {
    const char* text = at->first.data() + beginning.size();
    int number = 0;
    const auto [after, error] = std::from_chars(text, at->first.data() + at->first.size(), number);
    const bool dotted = error == std::errc() && *after == '.';
    if (dotted && number >= 0 && number < kMaxCount) count = std::max(count, number + 1);
  }
  return count;
}

// --- U-Net ---

std::string child_path(const char* blocks, int block, int child) {
  return std::string(blocks) + std::to_string(block) + "." + std::to_string(child) + ".";
}

void need_residual_block(Needs& needs, const std::string& prefix) {
  needs.modules(prefix,
                {"in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3"});
  needs.shortcut(prefix, "in_layers.2", "skip_connection");
}

void need_transformer(Needs& needs, const std::string& prefix, int depth) {
  needs.modules(prefix, {"norm", "proj_in", "proj_out"});
  for (int i = 0; i < depth; ++i) {
    const std::string block = prefix + "transformer_blocks." + std::to_string(i) + ".";
    needs.modules(block, {"norm1", "norm2", "norm3", "attn1.to_out.0", "attn2.to_out.0",
                          "ff.net.0.proj", "ff.net.2"});
    for (const char* attention : {"attn1.to_", "attn2.to_"}) {
      for (const char* of : {"q", "k", "v"}) needs.weight(block + attention + of);
    }
  }
}

constexpr const char kInput[] = "input_blocks.", kOutput[] = "output_blocks.";

class UNetNeeds {
 public:
  explicit UNetNeeds(const NamesAndShapes& have)
      : have_(have),
        needs_(have),
        per_level_(blocks_per_level(have)),
        blocks_(std::max(count_numbered(have, kInput), count_numbered(have, kOutput))),
        levels_((blocks_ + per_level_ - 1) / per_level_),
        attends_(size_t(levels_)) {
    for (int block = 1; block < blocks_; ++block) {
      if (depth(kInput, block) > 0) attends_[size_t(input_level(block))] = true;
    }
    for (int block = 0; block < blocks_; ++block) {
      if (depth(kOutput, block) > 0) attends_[size_t(output_level(block))] = true;
    }
  }

  MissingNames find() {
    needs_.modules("", {"time_embed.0", "time_embed.2", "input_blocks.0.0", "out.0", "out.2"});
    if (has_any("label_emb.")) needs_.modules("", {"label_emb.0.0", "label_emb.0.2"});
    for (int block = 1; block < blocks_; ++block) need_input_block(block);
    need_middle();
    for (int block = 0; block < blocks_; ++block) need_output_block(block);
    return needs_.take();
  }

 private:
  int input_level(int block) const { return (block - 1) / per_level_; }
  int output_level(int block) const { return levels_ - 1 - block / per_level_; }

  bool has_any(const std::string& beginning) const {
    const auto at = have_.lower_bound(beginning);
    return at != have_.end() && at->first.starts_with(beginning);
  }

  int depth(const char* blocks, int block) const {
    return count_numbered(have_, child_path(blocks, block, 1) + "transformer_blocks.");
  }

  // Returns the number of the child after them. All blocks of a level attend or none does, on the
  // way down and up; their depths differ in distilled networks.
  int need_residual_and_attention(int level, const char* blocks, int block) {
    need_residual_block(needs_, child_path(blocks, block, 0));
    if (!attends_[size_t(level)]) return 1;
    need_transformer(needs_, child_path(blocks, block, 1), std::max(1, depth(blocks, block)));
    return 2;
  }

  void need_input_block(int block) {
    if (block % per_level_ == 0) return needs_.modules(child_path(kInput, block, 0), {"op"});
    need_residual_and_attention(input_level(block), kInput, block);
  }

  // Distilled networks go without the attention and what follows it, or without a middle.
  void need_middle() {
    if (!has_any("middle_block.")) return;
    need_residual_block(needs_, "middle_block.0.");
    if (!has_any("middle_block.1.") && !has_any("middle_block.2.")) return;
    const int depth = count_numbered(have_, "middle_block.1.transformer_blocks.");
    need_transformer(needs_, "middle_block.1.", std::max(1, depth));
    need_residual_block(needs_, "middle_block.2.");
  }

  void need_output_block(int block) {
    const int level = output_level(block);
    const int next = need_residual_and_attention(level, kOutput, block);
    const bool upsamples = block % per_level_ == per_level_ - 1 && level > 0;
    if (upsamples) needs_.modules(child_path(kOutput, block, next), {"conv"});
  }

  const NamesAndShapes& have_;
  Needs needs_;
  int per_level_, blocks_, levels_;
  std::vector<char> attends_;  // by level
};

// --- VAE ---

void need_vae_block(Needs& needs, const std::string& prefix) {
  needs.modules(prefix, {"norm1", "conv1", "norm2", "conv2"});
  needs.shortcut(prefix, "conv1", "nin_shortcut");
}

void need_vae_middle(Needs& needs, const std::string& side) {
  needs.modules(side, {"conv_in", "norm_out", "conv_out"});
  need_vae_block(needs, side + "mid.block_1.");
  needs.modules(side + "mid.attn_1.", {"norm", "q", "k", "v", "proj_out"});
  need_vae_block(needs, side + "mid.block_2.");
}

MissingNames missing_of_vae(const NamesAndShapes& have) {
  Needs needs(have);
  need_vae_middle(needs, "encoder.");
  need_vae_middle(needs, "decoder.");
  needs.modules("", {"quant_conv", "post_quant_conv"});
  const int levels =
      std::max(count_numbered(have, "encoder.down."), count_numbered(have, "decoder.up."));
  int blocks = 0;  // of a level of the encoder; the decoder has one more
  for (int level = 0; level < levels; ++level) {
    const std::string number = std::to_string(level);
    blocks = std::max({blocks, count_numbered(have, "encoder.down." + number + ".block."),
                       count_numbered(have, "decoder.up." + number + ".block.") - 1});
  }
  for (int level = 0; level < levels; ++level) {
    const std::string down = "encoder.down." + std::to_string(level) + ".";
    const std::string up = "decoder.up." + std::to_string(level) + ".";
    for (int i = 0; i < blocks; ++i)
      need_vae_block(needs, down + "block." + std::to_string(i) + ".");
    for (int i = 0; i <= blocks; ++i)
      need_vae_block(needs, up + "block." + std::to_string(i) + ".");
    if (level + 1 < levels) needs.modules(down, {"downsample.conv"});
    if (level > 0) needs.modules(up, {"upsample.conv"});
  }
  return needs.take();
}

// --- Tiny AutoEncoder: always the same layers, between others that hold no tensors ---

constexpr int kTinyBlocks[] = {1, 3, 4, 5, 7, 8, 9, 11, 12, 13}, kTinyHalvings[] = {2, 6, 10};
constexpr int kTinyDecoderBlocks[] = {3, 4, 5, 8, 9, 10, 13, 14, 15, 18};
constexpr int kTinyDoublings[] = {7, 12, 17};

template <size_t N, size_t M>
void need_tiny_half(Needs& needs, const std::string& half, Modules ends, const int (&blocks)[N],
                    const int (&resamplings)[M]) {
  needs.modules(half, ends);
  for (const int i : blocks) {
    needs.modules(half + std::to_string(i) + ".", {"conv.0", "conv.2", "conv.4"});
  }
  for (const int i : resamplings) needs.weight(half + std::to_string(i));
}

MissingNames missing_of_tiny_vae(const NamesAndShapes& have) {
  Needs needs(have);
  need_tiny_half(needs, "taesd_encoder.", {"0", "14"}, kTinyBlocks, kTinyHalvings);
  need_tiny_half(needs, "taesd_decoder.", {"1", "19"}, kTinyDecoderBlocks, kTinyDoublings);
  return needs.take();
}

// --- text encoder ---

MissingNames missing_of_text_encoder(const NamesAndShapes& have, bool projects) {
  Needs needs(have);
  if (projects) needs.weight("text_projection");
  needs.weight("text_model.embeddings.token_embedding");
  needs.weight("text_model.embeddings.position_embedding");
  needs.modules("text_model.", {"final_layer_norm"});
  const std::string layers = "text_model.encoder.layers.";
  for (int i = 0; i < count_numbered(have, layers); ++i) {
    needs.modules(layers + std::to_string(i) + ".",
                  {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj",
                   "layer_norm1", "layer_norm2", "mlp.fc1", "mlp.fc2"});
  }
  return needs.take();
}

}  // namespace

bool is_tiny_vae(const NamesAndShapes& vae) { return vae.contains("taesd_decoder.1.weight"); }

MissingNames missing_names(PartKind kind, const NamesAndShapes& have) {
  switch (kind) {
    case PartKind::kUNet:
      return UNetNeeds(have).find();
    case PartKind::kVae:
      return is_tiny_vae(have) ? missing_of_tiny_vae(have) : missing_of_vae(have);
    case PartKind::kClipL:
    case PartKind::kClipH:
      return missing_of_text_encoder(have, false);
    case PartKind::kClipG:  // SDXL reads what it projects
      return missing_of_text_encoder(have, true);
  }
  return {};
}

}  // namespace heddle::weights
