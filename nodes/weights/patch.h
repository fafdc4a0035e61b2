// Changes of single weights: what LoRA files hold, what merging models asks for, and how each is
// computed. A change is data until a network is built, so that chains of them cost nothing and are
// computed once, in fp32, with one rounding at the end.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nodes/diffusion/weights.h"

namespace heddle::weights {

// In the formulas W is the weight as the changes before have left it, [out, in, kernel...], and
// s = strength * alpha / rank, formed in double; without alpha, s = strength. Factors are
// flattened to two dimensions from their second on; a result with as many elements as W is
// reshaped to it. Tensors that a file need not have may be undefined.

/// Hu et al. 2021 and, for convolutions, LoCon: W + s * up @ down.
struct LowRank {
  at::Tensor up;                // [out, rank, ...]
  at::Tensor down;              // [rank, in, kernel...]
  at::Tensor mid;               // [rank, rank, kernel...] of a Tucker decomposition, or undefined
  std::vector<int64_t> padded;  // not empty: W is first padded with zeros to this shape
};

/// Hyeon-Woo et al. 2022: W + s * (w1_a @ w1_b) * (w2_a @ w2_b), element by element; rank is that
/// of w1_b. With Tucker cores t, each product is sum over i, j of t[i, j, k, l] w_a[i, p] w_b[j,
/// r].
struct LoHa {
  at::Tensor w1_a, w1_b, w2_a, w2_b;
  at::Tensor t1, t2;  // both or none
};

/// LyCORIS: W + s * kron(w1, w2). Either side may be given as a product a @ b, w2 also with a core
/// t2; rank is that of the factorised side (w2 if both are), and s = strength if none is.
struct LoKr {
  at::Tensor w1, w1_a, w1_b;
  at::Tensor w2, w2_a, w2_b, t2;
};

/// Chavan et al. 2023: W + s * (W @ a1 @ a2 + b1 @ b2), or s * (W @ a2 @ a1 + b2 @ b1) in the old
/// layout; the shapes tell which.
struct Glora {
  at::Tensor a1, a2, b1, b2;
};

/// Qiu et al. 2023: W + strength^2 * (R - I) W on blocks of rows, R = (I + Q) (I - Q)^-1,
/// Q = blocks - blocks^T; alpha > 0 is the largest norm of Q. The strength counts twice, as in
/// ComfyUI.
struct Oft {
  at::Tensor blocks;  // [n, out / n, out / n]
};

/// Liu et al. 2023: m such rotations R, each blended as strength * R + (1 - strength) * I, on rows
/// exchanged like a butterfly, then W + strength * (result - W). alpha as for OFT.
struct Boft {
  at::Tensor blocks;   // [m, n, out / n, out / n]
  at::Tensor rescale;  // of the result, by row, or undefined
};

/// W + strength * tensor.
struct Difference {
  at::Tensor tensor;
};

/// tensor instead of W, whatever the strength.
struct Replacement {
  at::Tensor tensor;
};

/// Merging of models: W * keep + strength * other. `other` is read when this is computed; it
/// should be free of the rounding that its own network would get (see part_weights).
struct Blend {
  double keep = 1;
  std::shared_ptr<const diffusion::Weights> other;
  std::string name;  // of the weight in `other`
};

/// W * factor, whatever the strength.
struct Scale {
  double factor = 1;
};

using Change =
    std::variant<LowRank, LoHa, LoKr, Glora, Oft, Boft, Difference, Replacement, Blend, Scale>;

/// One change of one weight. Tensors are in any real type and own their memory.
struct Patch {
  Change change;
  double strength = 1;
  std::optional<double> alpha = {};
  /// Liu et al. 2024, "DoRA", on the first four kinds: with V = W + (alpha / rank) * (...), the
  /// result is W + strength * (V * dora_scale / norm - W). The norm is that of the rows of W if
  /// dora_scale has as many rows as W, and else that of the columns of V.
  at::Tensor dora_scale = {};
  std::string source = {};  // "ink.safetensors: \"lora_unet_...\"" for messages
};

/// Network name -> changes, in the order in which they are applied.
using Patches = std::map<std::string, std::vector<Patch>>;

/// "LoRA", "LoHa"...: the kind as messages name it.
const char* kind_name(const Patch& patch);

/// The tensors of a patch that are defined, with their names in files ("up", "w1_a").
std::vector<std::pair<const char*, at::Tensor*>> tensors_of(Patch& patch);
std::vector<std::pair<const char*, const at::Tensor*>> tensors_of(const Patch& patch);

/// The rank of a factorised change, nothing for others.
std::optional<int64_t> rank_of(const Patch& patch);

/// What is wrong with a patch for a weight of shape `weight`, with all the shapes ("[48, 4] x
/// [4, 40] does not fit a weight of [32, 128]"), or nothing. Reads no data.
std::optional<std::string> misfit(const Patch& patch, const std::vector<int64_t>& weight);

/// All patches one after the other, in fp32. `weight` fp32, left as it is. The bytes do not depend
/// on the number of threads. Throws FileError naming key and shapes if a patch does not fit.
at::Tensor apply_patches(const at::Tensor& weight, const std::vector<Patch>& patches);

/// False for a patch that leaves every weight as it is.
bool has_effect(const Patch& patch);

/// What a patch takes in memory.
size_t bytes_of(const Patch& patch);

/// The shape of a weight after its patches.
std::vector<int64_t> patched_shape(std::vector<int64_t> weight, const std::vector<Patch>& patches);

/// `base` (may be null) followed by `added`, whose strengths are multiplied by `strength`. Patches
/// without effect are dropped; `base` itself if that leaves none.
std::shared_ptr<const Patches> with_patches(const std::shared_ptr<const Patches>& base,
                                            const Patches& added, double strength);

}  // namespace heddle::weights
