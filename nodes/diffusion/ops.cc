#include "nodes/diffusion/ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <string_view>

namespace heddle::diffusion {
namespace {

// oneDNN's matrix product, because MKL's (at::linear) sums in another order when the number of
// threads changes.
Tensor onednn_linear(const Tensor& x, const Linear& layer) {
  using Signature =
      Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view,
             c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
                             .typed<Signature>();
  const std::optional<Tensor> bias =
      layer.bias.defined() ? std::optional<Tensor>(layer.bias) : std::nullopt;
  return op.call(x, layer.weight, bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

// The vectorised SiLU and its scalar remainder differ in the last bit, so where the remainders lie
// must depend neither on the number of threads nor on the batch: every row is cut into pieces of
// fixed size, each too small for ATen to split.
void silu_in_place(const Tensor& x) {
  constexpr int64_t kPiece = 1 << 14;
  const Tensor rows = x.view({x.size(0), -1});  // [B, n]
  const int64_t n = rows.size(1), pieces = (n + kPiece - 1) / kPiece;
  at::parallel_for(0, rows.size(0) * pieces, 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;  // of this thread
    for (int64_t i = begin; i < end; ++i) {
      const int64_t start = i % pieces * kPiece;
      Tensor piece = rows.select(0, i / pieces).slice(0, start, std::min(start + kPiece, n));
      at::silu_(piece);
    }
  });
}

// y + scale * z, in two roundings whatever the layout: a fused step would round otherwise.
void add_scaled(Tensor& y, Tensor z, double scale) { y.add_(z.mul_(scale)); }

Tensor plain_conv2d(const Tensor& x, const Conv2d& layer) {
  // at::conv2d would choose among kernels by batch and size; oneDNN is right for all of them.
  return at::mkldnn_convolution(x, layer.weight, layer.bias, {layer.padding, layer.padding},
                                {layer.stride, layer.stride}, {1, 1}, 1);
}

Tensor plain_linear(const Tensor& x, const Linear& layer) {
  const Tensor rows = x.contiguous();
  const int64_t batch = rows.size(0);
  // One row is multiplied by another kernel than several are: where an item of the batch has only
  // one, items go alone.
  if (batch == 1 || rows.numel() > batch * rows.size(-1)) return onednn_linear(rows, layer);
  std::vector<Tensor> items;
  for (const Tensor& item : rows.split(1)) items.push_back(onednn_linear(item, layer));
  return at::cat(items);
}

// `count` outputs of a layer, from `first` on.
Linear some_outputs(const Linear& layer, int64_t first, int64_t count) {
  Linear some{layer.weight.narrow(0, first, count), layer.bias.narrow(0, first, count)};
  for (const LowRankTerm& term : layer.beside) {
    some.beside.push_back({term.down, term.up.narrow(0, first, count), term.scale});
  }
  return some;
}

Tensor split_heads(const Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);  // [B, h, T, d]
}

}  // namespace

Tensor conv2d(const Tensor& x, const Conv2d& layer) {
  Tensor y = plain_conv2d(x, layer);
  for (const LowRankTerm& term : layer.beside) {
    const Tensor narrow = plain_conv2d(x, {term.down, {}, layer.stride, layer.padding});
    add_scaled(y, plain_conv2d(narrow, {term.up, {}, 1, 0}), term.scale);
  }
  return y;
}

Tensor linear(const Tensor& x, const Linear& layer) {
  Tensor y = plain_linear(x, layer);
  for (const LowRankTerm& term : layer.beside) {
    add_scaled(y, plain_linear(plain_linear(x, {term.down, {}}), {term.up, {}}), term.scale);
  }
  return y;
}
Tensor group_norm(const Tensor& x, const GroupNorm& layer) {
  return at::group_norm(x, kNormGroups, layer.weight, layer.bias, layer.eps);
}

Tensor group_norm_silu(const Tensor& x, const GroupNorm& layer) {
  const Tensor y = group_norm(x, layer);
  silu_in_place(y);
  return y;
}

Tensor layer_norm(const Tensor& x, const LayerNorm& layer) {
  return at::layer_norm(x, layer.weight.sizes(), layer.weight, layer.bias, layer.eps);
}

Tensor silu(const Tensor& x) {
  const Tensor y = x.clone(at::MemoryFormat::Contiguous);
  silu_in_place(y);
  return y;
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads) {
  const Tensor y = at::scaled_dot_product_attention(split_heads(q, heads), split_heads(k, heads),
                                                    split_heads(v, heads));  // [B, h, T, d]
  return y.transpose(1, 2).reshape(q.sizes());
}

Tensor geglu(const Tensor& x, const Linear& layer) {
  // Two products, because both halves then are contiguous: ATen has another GELU, that rounds
  // otherwise, for strided ones.
  const int64_t n = layer.weight.size(0) / 2;
  return at::gelu(linear(x, some_outputs(layer, n, n))).mul_(linear(x, some_outputs(layer, 0, n)));
}

Tensor upsample_nearest(const Tensor& x, int64_t height, int64_t width) {
  return at::upsample_nearest2d(x, {height, width});
}

Tensor pad_bottom_right(const Tensor& x) { return at::constant_pad_nd(x, {0, 1, 0, 1}); }

Tensor with_plain_strides(const Tensor& x) { return x.reshape({-1}).view(x.sizes()); }

Tensor to_tokens(const Tensor& image) { return image.flatten(2).transpose(1, 2).contiguous(); }

Tensor to_image(const Tensor& tokens, int64_t height, int64_t width) {
  return with_plain_strides(tokens.transpose(1, 2))
      .view({tokens.size(0), tokens.size(2), height, width});
}

}  // namespace heddle::diffusion
