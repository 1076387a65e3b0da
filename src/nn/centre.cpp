#include "nn/centre.hpp"

namespace hourglass {

Centre::Centre(const Layout& layout, Slot slot)
    : slot_(slot), offset_(layout.tensor(slot).offset), features_(layout.tensor(slot).size) {}

ConstMatrix Centre::subtract(const float* parameters, ConstMatrix x,
                             std::span<float> scratch) const {
  const Matrix centred(scratch.data(), x.rows, features_);
  const float* const centre = parameters + offset_;
  for (Index r = 0; r < x.rows; ++r) {
    const float* const from = x.row(r).data();
    float* const to = centred.row(r).data();
    for (Index c = 0; c < features_; ++c) to[c] = from[c] - centre[c];
  }
  return centred;
}

void Centre::add_gradient(std::span<const float> bias_gradient, ConstMatrix weight,
                          float* gradient) const {
  float* const to = gradient + offset_;
  for (Index j = 0; j < weight.rows; ++j) {
    const float factor = bias_gradient[static_cast<std::size_t>(j)];
    // Of sparse codes most are 0: units that no sample uses.
    if (factor == 0) continue;
    const float* const row = weight.row(j).data();
    for (Index c = 0; c < features_; ++c) to[c] -= factor * row[c];
  }
}

}  // namespace hourglass
