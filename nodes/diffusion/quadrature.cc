#include "nodes/diffusion/quadrature.h"

#include <cmath>
#include <numbers>

namespace heddle::diffusion {
namespace {

/// The Legendre polynomial of a degree at x, and its slope there.
struct Legendre {
  double value, slope;
};

Legendre legendre(int degree, double x) {
  double before = 1, value = x;
  for (int k = 2; k <= degree; ++k) {
    const double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
    before = value;
    value = next;
  }
  return {value, degree * (x * value - before) / (x * x - 1)};
}

}  // namespace

Quadrature gauss_legendre(double from, double to, int count) {
  const double middle = (from + to) / 2, half = (to - from) / 2;
  if (count == 1) return {{middle}, {2 * half}};
  Quadrature result;
  for (int i = 1; i <= count; ++i) {
    double x = std::cos(std::numbers::pi * (i - 0.25) / (count + 0.5));
    for (int newton = 0; newton < 10; ++newton) {
      const Legendre at = legendre(count, x);
      x -= at.value / at.slope;
    }
    const double slope = legendre(count, x).slope;
    result.points.push_back(middle + half * x);
    result.weights.push_back(half * 2 / ((1 - x * x) * slope * slope));
  }
  return result;
}

Quadrature even_points(double from, double to, int count) {
  Quadrature result;
  for (int i = 0; i < count; ++i) {
    result.points.push_back(from + (to - from) * i / (count - 1));
    result.weights.push_back((to - from) / count);
  }
  return result;
}

std::vector<double> lagrange_integrals(const std::vector<double>& nodes,
                                       const Quadrature& quadrature,
                                       const std::function<double(double)>& weight) {
  std::vector<double> integrals(nodes.size());
  for (size_t p = 0; p < quadrature.points.size(); ++p) {
    const double u = quadrature.points[p], value = quadrature.weights[p] * weight(u);
    for (size_t k = 0; k < nodes.size(); ++k) {
      double product = value;
      for (size_t m = 0; m < nodes.size(); ++m) {
        if (m != k) product *= (u - nodes[m]) / (nodes[k] - nodes[m]);
      }
      integrals[k] += product;
    }
  }
  return integrals;
}

}  // namespace heddle::diffusion
