#pragma once

#include <vector>

#include "cli/setting_hint_row.hpp"

// Rows of setting_hints_test.cpp about models of counts.
namespace hourglass::setting_hints {

inline std::vector<Row> count_hint_rows() {
  return {
      {hint("makes means of the outputs by exp: use --output-activation linear instead of {}"),
       {"--loss nb"},
       {{"--output-activation linear"}}},
      {hint("needs a dense output layer: end --decoder-layers {} with a width"),
       {"--layers 16,8", "--decoder-layers 8,2x2x2,tconv:1x3s2", "--loss zinb",
        "--output-activation linear"},
       {{"--decoder-layers", "8,16"}}},
      {hint("use --loss nb with --dispersion gene, or leave out --tied"),
       {"--loss zinb", "--output-activation linear", "--tied true"},
       {{"--loss nb", "--dispersion gene"}, {"no --tied"}}},
      {hint("is about complete counts and cannot be combined with --missing {}: leave out "
            "--missing"),
       {"--loss nb", "--output-activation linear", "--missing mean"},
       {{"no --missing"}}},
      {hint("use --output-activation linear with --loss nb, zinb or poisson instead of {}"),
       {"--counts log1p"},
       {{"--output-activation linear", "--loss nb"},
        {"--output-activation linear", "--loss", "zinb"},
        {"--output-activation linear", "--loss", "poisson"}}},
      {hint("use --variational with --counts log1p, or --library observed"),
       {"--library latent", "--loss nb", "--output-activation linear"},
       {{"--variational", "true", "--counts log1p"}, {"--library observed"}}},
      {hint("needs inputs that are zero too: use --sparse-input off"),
       {"--sparse-input on", "--corruption masking"},
       {{"--sparse-input off"}}},
      {hint("takes raw counts: use --normalize none instead of {}"),
       {"--loss nb", "--output-activation linear", "--normalize unit"},
       {{"--normalize none"}}},
      {hint("cannot be combined with --counts and --loss nb or zinb: leave out --pretrain"),
       {"--loss nb", "--output-activation linear", "--pretrain autoencoder"},
       {{"no --pretrain"}}},
  };
}

}  // namespace hourglass::setting_hints
