#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/sparse_rows.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "nn/network.hpp"

namespace hourglass {

/// What the network is fed of counts.
enum class Counts {
  none,   ///< the samples are not taken for counts: they are the input
  log1p,  ///< ln(1 + x / s), s the sample's size factor
};
/// Names as in the configuration: "none", "log1p".
[[nodiscard]] std::string_view name_of(Counts counts);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Counts counts_from(std::string_view name);

/// Whether the first layer multiplies only those inputs that are not zero.
enum class SparseInput {
  automatic,  ///< of counts, and of samples that are stored sparse
  on,
  off,
};
/// Names as in the configuration: "auto", "on", "off".
[[nodiscard]] std::string_view name_of(SparseInput sparse);
/// Throws Error(usage) that lists the names.
[[nodiscard]] SparseInput sparse_input_from(std::string_view name);

/// Samples on their way into a network that takes counts or sparse rows. The size factor of a
/// sample is its library, the sum of its D counts (exact in double, in any order), divided by the
/// library of a typical sample: s = 1 for that one, 0 for a sample without counts.
class SampleInput {
 public:
  /// `library` is that of a typical sample, 0: samples are not counts. `sparse`: the network's
  /// first layer takes sparse rows.
  SampleInput(Index features, double library, bool sparse);

  [[nodiscard]] bool counts() const { return library_ > 0; }
  [[nodiscard]] bool sparse() const { return sparse_; }

  /// The network's input for a micro-batch. Views of the workspace and of what it was made from.
  struct Rows {
    ConstMatrix values;  ///< rows x D; beside sparse rows only with `wants_dense`, see rows()
    SparseRows sparse;   ///< empty: none
    std::span<const float> sizes;  ///< size factors; empty: 1

    /// The context with the sparse rows, if there are any; refers to these.
    [[nodiscard]] PassContext context(PassContext pass) const {
      pass.sparse_input = sparse.empty() ? nullptr : &sparse;
      return pass;
    }
  };
  /// Floats of scratch memory that rows() and dense_rows() need for `rows` samples.
  [[nodiscard]] Index scratch_floats(Index rows) const;
  /// From samples (rows x D), which may be `known` as sparse rows too. With `wants_dense` the
  /// values are there beside sparse rows, for what needs whole rows; without, they may be anything.
  [[nodiscard]] Rows rows(ConstMatrix samples, const SparseRows* known, SparseBatch& batch,
                          std::span<float> scratch, bool wants_dense = false) const;
  /// The same without sparse rows.
  [[nodiscard]] Rows dense_rows(ConstMatrix samples, std::span<float> scratch) const;

 private:
  [[nodiscard]] float size_factor(double library) const {
    return static_cast<float>(library / library_);
  }

  Index features_;
  double library_;
  bool sparse_;
};

}  // namespace hourglass
