#pragma once

#include <array>
#include <span>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// An odd polynomial a x + b x^3 + c x^5.
struct Quintic {
  double a = 0;
  double b = 0;
  double c = 0;
};

/// How newton_schulz() makes all singular values of a matrix 1, or nearly:
///   constant: five iterations of (3.4445, -4.7750, 2.0315) on m / |m|_F (Jordan et al. 2024).
///     Singular values from 0.002 |m|_F on end between 0.67 and 1.21.
///   polar_express: the four iterations of `polar_express_quintics` on m / s (Amsel, Persson, Musco
///     & Gower 2025), s being `polar_express_margin` times |(m m^T)^2|_F^(1/4), a bound of the
///     largest singular value that the first iteration has at hand: of n equal ones it is too large
///     by a factor n^(1/8), where Frobenius' norm is by n^(1/2). Singular values from
///     `polar_express_least` s on end within `polar_express_error` of 1.
enum class Orthogonalization { constant, polar_express };

/// Each the best approximation of 1 on an interval, whose largest error is e: the first on
/// [polar_express_least, 1], each other on what its predecessor makes of its interval,
/// [1 - e, (1 + e) polar_express_margin]. The margin is for rounding, because beyond its interval a
/// polynomial grows fast. tests/optim/newton_schulz_test.cpp computes them again.
inline constexpr double polar_express_least = 0.003;
inline constexpr double polar_express_margin = 1.01;
inline constexpr double polar_express_error = 0.207;
inline constexpr std::array<Quintic, 4> polar_express_quintics = {
    {{8.38367361, -24.7659059, 18.3570819},
     {4.00585668, -2.92528729, 0.542360227},
     {3.48402262, -2.5614209, 0.502366469},
     {2.49061162, -1.80701326, 0.421120992}}};

/// Replaces m by an approximation of U V^T, where m = U S V^T is its singular value decomposition,
/// by iterations  X = (a I + b X X^T + c (X X^T)^2) X,  or with X^T X on the right, whichever is
/// smaller. Small singular values grow in proportion, and a matrix of zeros stays. With `bfloat16`
/// the factors of each product are rounded. `scratch` has newton_schulz_scratch_floats() of the
/// shape of m.
void newton_schulz(Orthogonalization kind, bool bfloat16, Matrix m, std::span<float> scratch);
[[nodiscard]] Index newton_schulz_scratch_floats(Index rows, Index columns);
/// FLOP: two symmetric products, computed as such, and one other per iteration.
[[nodiscard]] double newton_schulz_flops(Orthogonalization kind, Index rows, Index columns);

}  // namespace hourglass
