#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/inference.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The squared error of each sample of this rank, summed over its features in their order: a large
/// one marks a sample unlike those that the model was trained on. Of a model of counts
/// (distribution_of()) instead minus the logarithm of the probability of its counts, in nats. The
/// rows are those of InferencePlan: the same bits on any number of ranks and threads.
struct SampleErrors {
  Range rows;
  std::vector<double> values;
};
/// Collective. Throws the same Error on every rank: as for_each_micro_batch, and Error(data) for an
/// error that is not finite. With `units`, of each feature, errors are in them: (unit (y - x))^2,
/// also of counts.
[[nodiscard]] SampleErrors sample_errors(const Communicator& communicator, const Model& model,
                                         const DatasetReader& reader,
                                         const InputTransform& transform, Index micro_batch,
                                         WorkerPool& pool, std::span<const double> units = {});

/// Describes the scores of sample_errors() in words; `in_units`: they were computed with `units`.
[[nodiscard]] std::string meaning_of_scores(const Model& model, bool in_units);

/// The q-quantile, 0 <= q <= 1, of the values of all ranks, none negative or NaN: linear between
/// the two nearest, like numpy.quantile. Found by bisection over the bits of a double: no rank
/// needs more than its own values, and the result is the same on any number of them. Collective.
[[nodiscard]] double quantile(const Communicator& communicator, std::vector<double> mine, double q);

/// How well scores separate positive samples from negative ones.
struct Detection {
  Index positives = 0;
  Index negatives = 0;
  double auroc = 0;  ///< probability that a positive scores above a negative, ties counting half
  double average_precision =
      0;  ///< sum of precision times gain in recall over the distinct scores, from the highest down
};
/// Both classes must occur: throws Error(data) otherwise.
[[nodiscard]] Detection detection(std::span<const double> scores,
                                  std::span<const std::uint8_t> positive);

}  // namespace hourglass
