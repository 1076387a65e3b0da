#pragma once

#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// How much each gene varies over cells, compared with genes of like mean.
struct GeneVariation {
  std::vector<double> mean;      ///< log(1 + mean)
  std::vector<double> variance;  ///< log(variance / mean); NaN where that is 0
  std::vector<double> score;     ///< (variance - mean of its bin) / deviation of its bin, or NaN
};

/// From the means and variances (N - 1 in the denominator) of the genes' normalised counts, the
/// score of Seurat's and scanpy's "seurat" flavour: log(1 + mean) is cut into 20 bins of equal
/// width, the first of which reaches 0.1 % of the range further down. A gene alone in its bin has
/// the score 1.
///
/// Satija et al., "Spatial reconstruction of single-cell gene expression data", Nature
/// Biotechnology 33 (2015); scanpy.pp.highly_variable_genes.
[[nodiscard]] GeneVariation gene_variation(const std::vector<double>& means,
                                           const std::vector<double>& variances);

/// The `count` columns of the highest score in ascending order; of equal ones the first. Fewer
/// when fewer have a score.
[[nodiscard]] std::vector<Index> highest_scores(const std::vector<double>& scores, Index count);

/// The `count` genes (columns) of raw counts that vary most: highest_scores() of counts divided by
/// the size factor of their cell, its sum over all genes divided by `target` or, when that is 0,
/// by the median of these sums above 0. Two passes over the data, shared among the ranks, with the
/// same result on any number of them. Collective. Throws the same Error on every rank: Error(data)
/// naming a number that is not a count, or when fewer genes have a score; Error(usage) when `count`
/// exceeds the genes.
[[nodiscard]] std::vector<Index> highly_variable_genes(const Communicator& communicator,
                                                       const DatasetReader& reader, Index count,
                                                       double target = 0);

}  // namespace hourglass
