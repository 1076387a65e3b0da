#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.hpp"
#include "core/sparse_rows.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Settings of simulated single cells.
struct CellSpec {
  Index cells = 0;
  Index genes = 20000;
  std::uint64_t seed = 1;
  Index groups = 8;
  Index batches = 2;
  double library = 0;           ///< median counts of a cell; 0: a tenth of the genes
  double library_spread = 0.4;  ///< standard deviation of log library
  double dispersion = 0.5;      ///< median of the genes
  double group_effect = 1;      ///< standard deviation of a marker gene's log factor
  double batch_effect = 0.3;    ///< standard deviation of every gene's log factor of a batch
  double dropout = 0.1;         ///< probability that a count is lost
};

/// Simulated counts of single cells. For cell c of group k and batch b (each drawn uniformly) and
/// gene g:
///
///   share of g:    s_gkb = e_g f_gk h_gb / (sum over g of the same),
///                  log e_g ~ N(0, 2^2); log f_gk ~ N(0, group_effect^2) for the markers of k, a
///                  tenth of the genes, 0 for others; log h_gb ~ N(0, batch_effect^2)
///   library of c:  log L_c ~ N(log library, library_spread^2)
///   mean:          m = L_c s_gkb
///   true count:    x ~ NB(m, variance m + a_g m^2), log a_g ~ N(log dispersion, 0.5^2)
///   count:         0 with probability `dropout`, else x
///
/// which is the zero-inflated negative binomial with inverse dispersion 1 / a_g. Defaults leave
/// about 5 % of the counts above 0. Every cell is a function of the settings and of its number, so
/// ranks make their cells alone, and a longer set begins with the shorter one.
///
/// After Zappia et al., "Splatter: simulation of single-cell RNA sequencing data", Genome Biology
/// 18 (2017), with log-normal in the place of gamma means.
class CellCounts {
 public:
  /// Throws Error(usage) naming an option out of range.
  explicit CellCounts(const CellSpec& spec);

  [[nodiscard]] const CellSpec& spec() const { return spec_; }  ///< defaults filled in
  struct Cell {
    Index group = 0;
    Index batch = 0;
    double library = 0;
  };
  [[nodiscard]] Cell cell(Index number) const;
  /// Shares of the genes in (group, batch); they sum to 1.
  [[nodiscard]] std::span<const double> shares(Index group, Index batch) const;
  /// 1 / a_g of each gene.
  [[nodiscard]] const std::vector<double>& inverse_dispersions() const { return inverse_; }
  /// Appends a cell's counts above 0 as a row, and those lost to `dropped`.
  void make(Index number, SparseBatch& counts, SparseBatch& dropped) const;

 private:
  CellSpec spec_;
  CounterRandom random_;
  std::vector<double> shares_;   // groups x batches x genes
  std::vector<double> inverse_;  // genes
};

}  // namespace hourglass
