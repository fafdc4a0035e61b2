// Takes the layers of a network out of Weights. A tensor that is missing, of another shape or never
// asked for means that the file is damaged or holds another network; each is an error that names
// the tensor, because a network built regardless would give wrong pictures. Shapes are checked
// before data is read.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nodes/diffusion/heartbeat.h"
#include "nodes/diffusion/ops.h"
#include "nodes/diffusion/weights.h"

namespace heddle::diffusion {

/// "[320, 4, 3, 3]".
std::string shape_text(const Shape& shape);

class LayerReader {
 public:
  enum class Bias { kNone, kPresent };
  struct Window {
    int64_t kernel = 3, stride = 1, padding = 1;
  };
  static const Window k3x3, k1x1, kHalving;

  /// `network` begins every message ("U-Net"). `heartbeat` is called before each tensor. REQUIRES:
  /// `weights` outlives this.
  LayerReader(const Weights& weights, std::string network, Heartbeat heartbeat);

  /// All throw std::runtime_error if a tensor does not exist or does not have the expected shape.
  Conv2d conv2d(const std::string& name, int64_t in, int64_t out, Window window,
                Bias bias = Bias::kPresent);
  /// The weight may also be a 1x1 convolution's, [out, in, 1, 1].
  Linear linear(const std::string& name, int64_t in, int64_t out, Bias bias = Bias::kPresent);
  GroupNorm group_norm(const std::string& name, int64_t channels, double eps);
  LayerNorm layer_norm(const std::string& name, int64_t width);

  /// Throws std::runtime_error if there is a tensor under `prefix` that was not read.
  void expect_all_read(const std::string& prefix) const;

  /// How many children a name has if none is missing: one more than the largest N in tensors
  /// `prefix` N `.`..., or 0. Throws std::runtime_error if N is not a number below 1000.
  int count(const std::string& prefix) const;
  /// The first tensor under `prefix`, or nothing.
  std::optional<std::string> first(const std::string& prefix) const;
  /// Dimension `d`, 1 to 2^20, of a tensor that must exist with `dimensions` dimensions.
  int64_t size(const std::string& tensor, size_t dimensions, size_t d) const;
  size_t bytes() const { return bytes_; }

 private:
  Tensor read(const std::string& tensor, const Shape& expected);
  std::vector<LowRankTerm> beside(const std::string& tensor, const Shape& down, const Shape& up);
  [[noreturn]] void fail(const std::string& message) const;

  const Weights& weights_;
  std::string network_;
  Heartbeat heartbeat_;
  size_t bytes_ = 0;
  std::vector<std::string> names_;  // sorted
  std::set<std::string> read_;
};

inline constexpr LayerReader::Window LayerReader::k3x3{3, 1, 1}, LayerReader::k1x1{1, 1, 0}, LayerReader::kHalving{3, 2, 1};

}  // namespace heddle::diffusion
