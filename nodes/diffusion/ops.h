// The few operations that the U-Net and the autoencoder are written in. How an operation is carried
// out (kernel, layout, packing of weights, fusing) is this file's business alone, so that networks
// read like their papers.
//
// Tensors are fp32 and contiguous (see with_plain_strides), images are [B, C, H, W], sequences are
// [B, T, C]. The same input gives the same bytes whatever the number of threads, and a row of a
// batch the same bytes as the row alone: kernels that split their work by threads or by batch are
// avoided, and ops_test.cc checks it. Everything here is safe to call from several threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nodes/diffusion/low_rank.h"

namespace heddle::diffusion {

using at::Tensor;

struct Conv2d {
  Tensor weight;  // [out, in, k, k]
  Tensor bias;    // [out], or undefined
  int64_t stride = 1;
  int64_t padding = 0;
  std::vector<LowRankTerm> beside = {};
};

struct Linear {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out], or undefined
  std::vector<LowRankTerm> beside = {};
};

/// Wu and He 2018, always 32 groups.
struct GroupNorm {
  Tensor weight, bias;  // [C]
  double eps = 1e-5;
};
constexpr int64_t kNormGroups = 32;

/// Ba et al. 2016.
struct LayerNorm {
  Tensor weight, bias;  // [C]
  double eps = 1e-5;
};

Tensor conv2d(const Tensor& x, const Conv2d& layer);

/// Over the last dimension: [B, ..., in] to [B, ..., out].
Tensor linear(const Tensor& x, const Linear& layer);

Tensor group_norm(const Tensor& x, const GroupNorm& layer);
Tensor group_norm_silu(const Tensor& x, const GroupNorm& layer);

/// Over the last dimension.
Tensor layer_norm(const Tensor& x, const LayerNorm& layer);

/// x * sigmoid(x). To be called as diffusion::silu: ATen has a function of the same signature.
Tensor silu(const Tensor& x);

/// Scaled dot-product attention with 1 / sqrt(C / heads), in blocks: no T x S matrix is ever whole
/// in memory. q [B, T, C], k and v [B, S, C]; gives [B, T, C].
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads);

/// Shazeer 2020: `layer` (with a bias) gives value and gate, [B, T, 2 n]; the result is value *
/// gelu(gate), [B, T, n], with the exact GELU.
Tensor geglu(const Tensor& x, const Linear& layer);

/// To exactly `height` x `width`, nearest neighbour.
Tensor upsample_nearest(const Tensor& x, int64_t height, int64_t width);

/// One row and one column of zeros at the bottom and at the right.
Tensor pad_bottom_right(const Tensor& x);

/// The same numbers, contiguous, and with the strides of a contiguous tensor also in dimensions of
/// size 1. Strides there mean nothing to memory, but by them ATen takes a 1x1 image for a
/// channels-last one and goes on in that layout, where its GroupNorm is inexact.
Tensor with_plain_strides(const Tensor& x);

/// Image to sequence and back: [B, C, H, W] <-> [B, H * W, C].
Tensor to_tokens(const Tensor& image);
Tensor to_image(const Tensor& tokens, int64_t height, int64_t width);

}  // namespace heddle::diffusion
