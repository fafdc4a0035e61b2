#include "nodes/diffusion/beta_quantile.h"

#include <cmath>

namespace heddle::diffusion {
namespace {

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8) by the
/// modified method of Lentz.
double continued_fraction(double x, double a, double b) {
  constexpr int kMostTerms = 1000;
  constexpr double kTiny = 1e-300, kClose = 1e-15;
  const auto not_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), value = d;
  for (int m = 1; m <= kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double change = 1;
    for (const double term : {even, odd}) {
      d = 1 / not_zero(1 + term * d);
      c = not_zero(1 + term / c);
      change = c * d;
      value *= change;
    }
    if (std::abs(change - 1) < kClose) break;
  }
  return value;
}

/// The share of Beta(a, b) below x.
double cumulative(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - cumulative(1 - x, b, a);
  const double log_front = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                           a * std::log(x) + b * std::log1p(-x);
  return std::exp(log_front) * continued_fraction(x, a, b) / a;
}

}  // namespace

double beta_quantile(double p, double alpha, double beta) {
  // Closed forms, exact where a search would end beside a half.
  if (beta == 1) return alpha == 1 ? p : std::pow(p, 1 / alpha);
  if (alpha == 1) return -std::expm1(std::log1p(-p) / beta);
  double low = 0, high = 1;
  while (high - low > 1e-14) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (cumulative(middle, alpha, beta) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace heddle::diffusion
