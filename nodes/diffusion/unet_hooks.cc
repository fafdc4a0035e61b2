#include "nodes/diffusion/unet_hooks.h"

#include <ATen/ATen.h>

#include <stdexcept>
#include <string>

#include "nodes/diffusion/ops.h"

namespace heddle::diffusion {
namespace {

at::Tensor change(const UNetHooks& hooks, UNetHook::Change UNetHook::*which, at::Tensor h,
                  const UNetPlace& place) {
  for (const UNetHook& hook : hooks) {
    if (hook.*which) h = with_plain_strides((hook.*which)(h, place));
  }
  return h;
}

std::string size_text(const at::Tensor& image) {
  return std::to_string(image.size(3)) + "x" + std::to_string(image.size(2));
}

}  // namespace

at::Tensor before_skip(const UNetHooks& hooks, at::Tensor h, const UNetPlace& place) {
  return change(hooks, &UNetHook::before_skip, std::move(h), place);
}

at::Tensor after_skip(const UNetHooks& hooks, at::Tensor h, const UNetPlace& place) {
  return change(hooks, &UNetHook::after_skip, std::move(h), place);
}

void join(const UNetHooks& hooks, at::Tensor& h, at::Tensor& skip, const UNetPlace& place) {
  for (const UNetHook& hook : hooks) {
    if (!hook.join) continue;
    hook.join(h, skip, place);
    h = with_plain_strides(h);
    skip = with_plain_strides(skip);
  }
  if (h.size(2) == skip.size(2) && h.size(3) == skip.size(3)) return;
  throw std::runtime_error("at output block " + std::to_string(place.block) + " " + size_text(h) +
                           " cells meet a skip of " + size_text(skip) +
                           ": a patch of the model changes sizes that nothing changes back");
}

ArrangedTokens arrange_tokens(const UNetHooks& hooks, const at::Tensor& tokens,
                              const UNetPlace& place) {
  ArrangedTokens arranged{tokens, {}};
  for (const UNetHook& hook : hooks) {
    if (!hook.tokens) continue;
    ArrangedTokens next = hook.tokens(arranged.tokens, place);
    if (!next.restore) continue;
    arranged.tokens = next.tokens.contiguous();
    if (!arranged.restore) {
      arranged.restore = std::move(next.restore);
      continue;
    }
    arranged.restore = [last = std::move(next.restore),
                        before = std::move(arranged.restore)](const at::Tensor& x) {
      return before(last(x));
    };
  }
  return arranged;
}

void change_sources(const UNetHooks& hooks, at::Tensor& keys, at::Tensor& values) {
  for (const UNetHook& hook : hooks) {
    if (hook.sources) hook.sources(keys, values);
  }
}

at::Tensor replaced_attention(const UNetHooks& hooks, const at::Tensor& q, const at::Tensor& k,
                              const at::Tensor& v, int64_t heads, const UNetPlace& place) {
  at::Tensor replaced;
  for (const UNetHook& hook : hooks) {
    if (!hook.self_attention) continue;
    const at::Tensor result = hook.self_attention(q, k, v, heads, place);
    if (result.defined()) replaced = result;
  }
  return replaced;
}

}  // namespace heddle::diffusion
