// Integrals along noise levels, for multistep samplers: they fit a polynomial through the last
// slopes or guesses and integrate it over the next step.
#pragma once

#include <functional>
#include <vector>

namespace heddle::diffusion {

/// Points and their weights: an integral is the weighted sum of values there.
struct Quadrature {
  std::vector<double> points, weights;
};

/// Gauss-Legendre: exact for polynomials up to degree 2 `count` - 1. REQUIRES: count >= 1.
Quadrature gauss_legendre(double from, double to, int count);

/// `count` points from one end to the other, each with the weight (to - from) / count.
Quadrature even_points(double from, double to, int count);

/// For each node k the integral of weight(u) L_k(u), where L_k is 1 at node k and 0 at the others,
/// of degree nodes.size() - 1. REQUIRES: nodes differ.
std::vector<double> lagrange_integrals(const std::vector<double>& nodes,
                                       const Quadrature& quadrature,
                                       const std::function<double(double)>& weight);

}  // namespace heddle::diffusion
