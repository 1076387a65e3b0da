#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// How a sparse code is used, in the training samples of a record.
struct SparseUse {
  double active_units = 0;  ///< L0: units with a value other than 0, averaged over samples
  Index units = 0;
  Index dead_units = 0;  ///< not used in the last `dead_after` samples
  Index dead_after = 0;
  /// |x - x^|^2 / |x - mean|^2, of sums over the samples: the fraction of variance unexplained.
  double unexplained = 0;
  std::optional<double> validation_unexplained;  ///< epoch records, with a validation set
  /// Epoch records: units by the share of samples that use them (model/unit_use.hpp).
  std::vector<std::int64_t> use_histogram;
  /// Epoch records: the largest cosine of an atom with another, averaged over some atoms.
  std::optional<double> nearest_cosine;

  [[nodiscard]] double dead_share() const {
    return static_cast<double>(dead_units) / static_cast<double>(units);
  }
};

/// One line of metrics.jsonl. Losses are averages over the samples of the step or epoch; seconds
/// and samples per second cover the time since the record of the same kind before (maximum over
/// ranks).
struct MetricsRecord {
  std::string kind;             ///< "step" or "epoch"
  std::string phase = "train";  ///< "pretrain" while single layers are trained, then "train"
  std::optional<Index>
      layer;        ///< the layer being pretrained, from 1; the sse is then of its own input
  Index epoch = 0;  ///< of the phase (and layer), counted from 1
  Index step = 0;   ///< updates made so far
  double loss = 0;
  double sse = 0;
  double penalty = 0;                    ///< the part of the loss that is penalties
  std::optional<double> validation_sse;  ///< epoch records, when there is a validation set
  /// Variational codes: the KL divergence of each unit from the prior in nats, averaged over
  /// samples; empty of other runs.
  std::vector<double> unit_kl;
  std::vector<double> validation_unit_kl;  ///< epoch records, when there is a validation set
  std::optional<SparseUse> sparse_use;     ///< sparse codes
  double learning_rate = 0;
  double gradient_norm = 0;
  double samples_per_second = 0;
  double seconds_compute = 0;
  double seconds_exchange_exposed = 0;
  double seconds_input_wait = 0;
  double seconds_checkpoint = 0;  ///< in which training stood still for checkpoints
  double seconds_verify = 0;      ///< the same for --verify-every
  /// Optimizers that decompose matrices: decompositions that needed more damping than set.
  std::optional<Index> root_failures;
  /// Sparse codes: bytes of gradients and parameters that a rank has sent.
  std::optional<Index> sent_bytes;
  /// Epoch records of local steps: how far the groups' steps differed (OuterStep::spread()).
  std::optional<double> group_spread;
  Index resident_bytes = 0;
};

/// What a variational code is used for, from the divergences of its units in a record.
struct CodeUse {
  std::size_t units = 0;
  Index used_units = 0;   ///< with a divergence above used_unit_nats (model/unit_divergences.hpp)
  double threshold = 0;   ///< that number
  double divergence = 0;  ///< of the whole code, in nats
};
[[nodiscard]] CodeUse code_use(std::span<const double> unit_kl);
/// The divergences of validation samples where there are any, else those of training; empty unless
/// the code is variational.
[[nodiscard]] const std::vector<double>& divergences_of(const MetricsRecord& record);

/// Keys of divergences are written where there are any: "unit_kl", their sum "kl" and the number of
/// used units "units_used", and the same of validation. Those of a sparse code where there is one:
/// "l0", "fvu", "code_units", "dead_units", "dead_share", and in epoch records "validation_fvu",
/// "use_histogram" and "nearest_cosine".
[[nodiscard]] std::string to_json_line(const MetricsRecord& record);

/// Appends records to metrics.jsonl and, as a table, to metrics.csv beside it, each flushed whole,
/// so that a kill leaves only complete lines behind it.
class MetricsFile {
 public:
  /// Keeps the records of the first `steps` updates (a resumed run repeats the later ones) and
  /// appends. The columns of the table are those of `example`, of which divergences have one a
  /// unit. Throws Error(io).
  MetricsFile(const std::string& path, Index steps, const MetricsRecord& example = {});
  void write(const MetricsRecord& record);

 private:
  std::string path_;
  std::ofstream stream_;
  std::ofstream table_;
  std::vector<std::string> columns_;  // of the table
};

}  // namespace hourglass
