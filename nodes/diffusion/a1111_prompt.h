// AUTOMATIC1111's prompt syntax, from its wiki ("Features": attention, prompt editing, alternating
// words, composable diffusion, infinite prompt length). A prompt is read in this order: AND splits
// it, each part becomes one text for each step, and each text becomes chunks of weighted tokens.
// Everything is linear in the length of the text (times the steps for what changes with them), and
// nothing recurses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nodes/diffusion/prompt.h"

namespace heddle::diffusion::a1111 {

/// One of the prompts that AND joins.
struct WeightedPrompt {
  std::string text;
  double weight = 1;
};
/// Splits at the word AND; a number behind a colon at the end of a part is its weight:
/// "a cat :1.2 AND a dog". Blanks around a part are dropped. At least one part.
std::vector<WeightedPrompt> split_prompts(std::string_view text);

/// How many steps a schedule has, and which of them this sampling run takes: a second pass ("hires
/// fix") goes on counting where the first one stopped, from `before` and from share 1.
struct StepCount {
  int steps = 20;
  int before = 0;  // steps of the first pass; 0: this is the first pass
};
/// A text and the steps that it is for.
struct Variant {
  std::string text;
  std::vector<bool> steps;  // one flag a step
};
/// Prompt editing and alternating words, in any nesting: [from:to:when], [to:when], [from::when],
/// [a|b|c]. `when` is a share of the steps if it is below 1 or has a decimal point, else a number
/// of steps; up to and with that step the first text counts. [a|b|c] takes one text a step, in
/// turn. Everything else stays as written. Distinct texts in the order of their first step; each
/// step is in exactly one. Throws std::invalid_argument for fewer steps than one, and for a text
/// that is too long to be written out for each step.
std::vector<Variant> schedule_prompt(std::string_view text, const StepCount& count);

/// A run of text with one weight, or the end of a chunk.
struct Fragment {
  std::string text;
  double weight = 1;
  bool is_break = false;  // BREAK: what follows starts a new chunk
};
/// (x) multiplies the weight by 1.1, (x:w) by w, [x] divides it by 1.1; a backslash makes the next
/// of ()[]\ literal and is dropped elsewhere. What is not closed is closed at the end, a bracket
/// that closes nothing is literal. Neighbours of one weight are joined. Throws
/// std::invalid_argument for a weight that is not a finite number (in fp32).
std::vector<Fragment> parse_emphasis(std::string_view text);

/// Embeddings, which stand in the text by their plain names.
struct Embeddings {
  std::vector<std::string> names;
  FindEmbedding find;
};
/// Chunks of 75 tokens between start and end. A chunk that is full breaks behind its last comma if
/// that lies within the last 20 tokens. An embedding counts where the tokens of its name stand, the
/// longest name first; it is never cut. An embedding that does not fit the encoder is listed in
/// `misfits`, and its name stays text. Throws std::invalid_argument for an embedding that is longer
/// than a chunk.
TokenChunks make_chunks(const std::vector<Fragment>& fragments, int pad,
                        const Embeddings& embeddings);

}  // namespace heddle::diffusion::a1111
