// Quantiles of the beta distribution, for the schedule of that name.
#pragma once

namespace heddle::diffusion {

/// The x at which a share `p` of the distribution Beta(alpha, beta) lies below, to about 1e-13.
/// REQUIRES: 0 <= p <= 1, alpha > 0, beta > 0.
double beta_quantile(double p, double alpha, double beta);

}  // namespace heddle::diffusion
