#include "nodes/diffusion/porter_duff.h"

#include <ATen/ATen.h>

#include <stdexcept>

namespace heddle::diffusion {
namespace {

/// Colours multiplied by opacity: s and d, and the opacities sa and da.
struct Terms {
  at::Tensor s, sa, d, da;

  at::Tensor both_opacities() const { return sa + da - sa * da; }
  /// What of each layer shows beside the other.
  at::Tensor uncovered() const { return (1 - da) * s + (1 - sa) * d; }
};

struct Mode {
  std::string_view name;
  at::Tensor (*opacity)(const Terms&);
  at::Tensor (*colours)(const Terms&);
};

using T = const Terms&;

at::Tensor both(T t) { return t.both_opacities(); }

at::Tensor overlay(T t) {
  return at::where(2 * t.d < t.da, 2 * t.s * t.d, t.sa * t.da - 2 * (t.da - t.s) * (t.sa - t.d));
}

constexpr Mode kModes[] = {
    {"ADD", [](T t) { return (t.sa + t.da).clamp(0, 1); },
     [](T t) { return (t.s + t.d).clamp(0, 1); }},
    {"CLEAR", [](T t) { return at::zeros_like(t.da); }, [](T t) { return at::zeros_like(t.d); }},
    {"DARKEN", both, [](T t) { return t.uncovered() + at::minimum(t.s, t.d); }},
    {"DST", [](T t) { return t.da; }, [](T t) { return t.d; }},
    {"DST_ATOP", [](T t) { return t.sa; }, [](T t) { return t.sa * t.d + (1 - t.da) * t.s; }},
    {"DST_IN", [](T t) { return t.sa * t.da; }, [](T t) { return t.d * t.sa; }},
    {"DST_OUT", [](T t) { return (1 - t.sa) * t.da; }, [](T t) { return (1 - t.sa) * t.d; }},
    {"DST_OVER", [](T t) { return t.da + (1 - t.da) * t.sa; },
     [](T t) { return t.d + (1 - t.da) * t.s; }},
    {"LIGHTEN", both, [](T t) { return t.uncovered() + at::maximum(t.s, t.d); }},
    {"MULTIPLY", [](T t) { return t.sa * t.da; }, [](T t) { return t.s * t.d; }},
    {"OVERLAY", both, overlay},
    {"SCREEN", both, [](T t) { return t.s + t.d - t.s * t.d; }},
    {"SRC", [](T t) { return t.sa; }, [](T t) { return t.s; }},
    {"SRC_ATOP", [](T t) { return t.da; }, [](T t) { return t.da * t.s + (1 - t.sa) * t.d; }},
    {"SRC_IN", [](T t) { return t.sa * t.da; }, [](T t) { return t.s * t.da; }},
    {"SRC_OUT", [](T t) { return (1 - t.da) * t.sa; }, [](T t) { return (1 - t.da) * t.s; }},
    {"SRC_OVER", [](T t) { return t.sa + (1 - t.sa) * t.da; },
     [](T t) { return t.s + (1 - t.sa) * t.d; }},
    {"XOR", [](T t) { return (1 - t.da) * t.sa + (1 - t.sa) * t.da; },
     [](T t) { return t.uncovered(); }},
};

}  // namespace

std::vector<std::string> porter_duff_modes() {
  std::vector<std::string> names;
  for (const Mode& mode : kModes) names.emplace_back(mode.name);
  return names;
}

Layer porter_duff(const Layer& source, const Layer& destination, std::string_view name) {
  constexpr double kTransparent = 1e-5;  // below this a colour says nothing
  for (const Mode& mode : kModes) {
    if (mode.name != name) continue;
    const Terms terms{source.colours * source.opacity, source.opacity,
                      destination.colours * destination.opacity, destination.opacity};
    const at::Tensor opacity = mode.opacity(terms), colours = mode.colours(terms);
    const at::Tensor plain =
        at::where(opacity > kTransparent, colours / opacity, at::zeros_like(colours));
    return {plain.clamp(0, 1), opacity};
  }
  throw std::invalid_argument("unknown mode \"" + std::string(name) + "\"");
}

}  // namespace heddle::diffusion
