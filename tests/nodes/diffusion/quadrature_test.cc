#include "nodes/diffusion/quadrature.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nodes/diffusion/beta_quantile.h"

namespace heddle::diffusion {
namespace {

double one(double) { return 1; }

TEST(Quadrature, OfGaussIsExactForPolynomials) {
  for (const int count : {1, 2, 5, 50}) {
    const Quadrature rule = gauss_legendre(1, 3, count);
    for (int degree = 0; degree < std::min(2 * count, 12); ++degree) {
      double sum = 0;
      for (size_t i = 0; i < rule.points.size(); ++i) {
        sum += rule.weights[i] * std::pow(rule.points[i], degree);
      }
      const double exact = (std::pow(3, degree + 1) - 1) / (degree + 1);
      EXPECT_NEAR(sum, exact, 1e-11 * exact) << count << ", " << degree;
    }
  }
}

TEST(Quadrature, LagrangeIntegralsGiveAdamsBashforthsWeights) {
  const auto weights = lagrange_integrals({0, -1, -2, -3}, gauss_legendre(0, 1, 2), one);
  const double expected[] = {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24};
  for (size_t k = 0; k < 4; ++k) EXPECT_NEAR(weights[k], expected[k], 1e-12);
}

TEST(Quadrature, WeightsOfEvenPointsAddUpToTheLength) {
  const auto weights = lagrange_integrals({0, -1}, even_points(0, 2, 1000), one);
  EXPECT_NEAR(weights[0] + weights[1], 2, 1e-12);
}

TEST(BetaQuantile, IsExactWhereAFormulaIsKnown) {
  EXPECT_NEAR(beta_quantile(0.5, 0.6, 0.6), 0.5, 1e-12);
  EXPECT_EQ(beta_quantile(0.3, 1, 1), 0.3);
  for (const double p : {0.001, 0.25, 0.7, 0.999}) {
    // Arcsine distribution; and Beta(2, 1), Beta(1, 3) by hand.
    EXPECT_NEAR(beta_quantile(p, 0.5, 0.5), std::pow(std::sin(std::acos(-1) / 2 * p), 2), 1e-12);
    EXPECT_NEAR(beta_quantile(p, 2, 1), std::sqrt(p), 1e-12);
    EXPECT_NEAR(beta_quantile(p, 1, 3), 1 - std::cbrt(1 - p), 1e-12);
    EXPECT_NEAR(beta_quantile(p, 30, 50), 1 - beta_quantile(1 - p, 50, 30), 1e-12);
  }
  EXPECT_EQ(beta_quantile(1, 0.6, 0.6) > 1 - 1e-12, true);
}

}  // namespace
}  // namespace heddle::diffusion
