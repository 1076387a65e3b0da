#pragma once

#include <span>
#include <string>

#include "data/normalization.hpp"
#include "formats/event_file.hpp"
#include "hdf5/hdf5.hpp"
#include "model/autoencoder.hpp"
#include "run/metrics.hpp"

namespace hourglass {

/// The TensorBoard output of a run: all numbers of the metrics; after each epoch also the
/// distributions of each parameter tensor and of the codes of the first thousand samples, and the
/// first eight samples above their reconstructions. Used on rank 0 only, local: no communication.
class TensorBoard {
 public:
  /// Begins a file in `folder` for a run that stands at `first_step`. `samples` are what codes and
  /// reconstructions are shown of. All references must outlive the object. Throws Error(io).
  TensorBoard(const std::string& folder, Index first_step, const Autoencoder& model,
              const DatasetReader& samples, const InputTransform& transform);

  void write(const MetricsRecord& record, std::span<const float> parameters);

 private:
  void write_use(const MetricsRecord& record, const SparseUse& use);
  void write_tensors(Index step, std::span<const float> parameters);
  void write_samples(Index step, std::span<const float> parameters);

  EventFile file_;
  const Autoencoder& model_;
  const DatasetReader& samples_;
  const InputTransform& transform_;
};

}  // namespace hourglass
