#include "nodes/diffusion/picture_sums.h"

#include <ATen/ATen.h>

#include <cmath>

namespace heddle::diffusion {
namespace {

/// term(batch item, channel, cell) summed over channels and cells.
template <class Term>
at::Tensor sum_by_picture(const at::Tensor& x, Term term) {
  const int64_t batch = x.size(0), channels = x.size(1), cells = x.size(2) * x.size(3);
  at::Tensor sums = at::zeros({batch, 1, 1, 1}, at::kDouble);
  for (int64_t b = 0; b < batch; ++b) {
    double sum = 0;
    for (int64_t i = b * channels * cells; i < (b + 1) * channels * cells; ++i) sum += term(b, i);
    sums.data_ptr<double>()[b] = sum;
  }
  return sums;
}

/// term(index) summed over channels.
template <class Term>
at::Tensor sum_by_cell(const at::Tensor& x, Term term) {
  const int64_t batch = x.size(0), channels = x.size(1), cells = x.size(2) * x.size(3);
  at::Tensor sums = at::zeros({batch, 1, x.size(2), x.size(3)}, at::kDouble);
  for (int64_t b = 0; b < batch; ++b) {
    double* sum = sums.data_ptr<double>() + b * cells;
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t first = (b * channels + c) * cells;
      for (int64_t i = 0; i < cells; ++i) sum[i] += term(first + i);
    }
  }
  return sums;
}

}  // namespace

at::Tensor dot_by_picture(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor p = a.contiguous(), q = b.contiguous();
  const float *first = p.data_ptr<float>(), *second = q.data_ptr<float>();
  return sum_by_picture(
      p, [=](int64_t, int64_t i) { return double(first[i]) * double(second[i]); });
}

at::Tensor norm_by_picture(const at::Tensor& x) { return dot_by_picture(x, x).sqrt(); }

at::Tensor deviation_by_picture(const at::Tensor& x) {
  const at::Tensor p = x.contiguous();
  const float* values = p.data_ptr<float>();
  const auto n = double(p.numel() / p.size(0));
  const at::Tensor means =
      sum_by_picture(p, [=](int64_t, int64_t i) { return double(values[i]); }) / n;
  const double* mean = means.data_ptr<double>();
  const auto squared = [=](int64_t b, int64_t i) {
    const double away = double(values[i]) - mean[b];
    return away * away;
  };
  return (sum_by_picture(p, squared) / (n - 1)).sqrt();
}

at::Tensor dot_by_cell(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor p = a.contiguous(), q = b.contiguous();
  const float *first = p.data_ptr<float>(), *second = q.data_ptr<float>();
  return sum_by_cell(p, [=](int64_t i) { return double(first[i]) * double(second[i]); });
}

at::Tensor mean_by_cell(const at::Tensor& x) {
  const at::Tensor p = x.contiguous();
  const float* values = p.data_ptr<float>();
  return sum_by_cell(p, [=](int64_t i) { return double(values[i]); }) / double(x.size(1));
}

}  // namespace heddle::diffusion
