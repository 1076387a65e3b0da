#include "model/dictionary_pass.hpp"

#include <algorithm>
#include <utility>

#include "core/scratch_arena.hpp"
#include "model/weighted_loss.hpp"
#include "nn/sparse_decoder.hpp"
#include "nn/sparse_encoder.hpp"
#include "nn/unit_group.hpp"

namespace hourglass {

namespace {

// Of the residuals' squares to the samples', at least: what is left of samples that are
// reconstructed well is rounding.
constexpr double least_share = 1e-3;

// Some rows of a code.
SparseRows rows_of(const SparseCode& code, Range rows) {
  SparseRows view = code.view();
  view.starts = view.starts.subspan(static_cast<std::size_t>(rows.begin),
                                    static_cast<std::size_t>(rows.size()) + 1);
  return view;
}

Matrix block(Matrix stacked, Index number, Index rows) {
  return {stacked.data + number * rows * stacked.stride, rows, stacked.columns, stacked.stride};
}

void add(ConstMatrix from, Matrix to) {
  for (Index r = 0; r < to.rows; ++r) {
    const float* const x = from.row(r).data();
    float* const y = to.row(r).data();
    for (Index c = 0; c < to.columns; ++c) y[c] += x[c];
  }
}

void copy(ConstMatrix from, Matrix to) {
  for (Index r = 0; r < to.rows; ++r) std::ranges::copy(from.row(r), to.row(r).begin());
}

}  // namespace

DictionaryPass::DictionaryPass(const AutoencoderSpec& spec, const Architecture& architecture)
    : spec_(spec.dictionary),
      feature_mean_(spec.feature_mean),
      encoder_(architecture.sparse_encoder),
      decoder_(architecture.sparse_decoder),
      code_layer_(architecture.code_layer),
      last_layer_(architecture.network.layer_count() - 1),
      features_(output_features(spec)),
      ends_(spec.dictionary.matryoshka) {
  const Index units = encoder_->outputs();
  if (ends_.empty() || ends_.back() < units) ends_.push_back(units);
}

bool DictionaryPass::wanted(const AutoencoderSpec& spec) {
  return spec.dictionary.aux_k > 0 || !spec.dictionary.matryoshka.empty();
}

Index DictionaryPass::scratch_floats(Index rows) const {
  const Index blocks = prefixes() + 1;
  return ScratchArena::floats_of(blocks * rows, features_) +
         ScratchArena::floats_of((prefixes() - 1) * rows, features_) +
         2 * ScratchArena::floats_of(rows, features_) +
         ScratchArena::floats_of_array<Candidate>(encoder_->outputs());
}

ConstMatrix DictionaryPass::apply(const float* parameters, ConstMatrix target, float scale,
                                  const PassContext& context, Workspace& workspace,
                                  SparseCode& code, std::span<float> scratch, LossSums& sums,
                                  LossOf loss_of) const {
  const bool auxiliary = spec_.aux_k > 0 && !context.dead_units.empty();
  if (!auxiliary && prefixes() == 1) return {};
  const Index rows = target.rows;
  ScratchArena arena(scratch);
  const Matrix stacked = arena.allocate((prefixes() + 1) * rows, features_);

  SparseCode& parts = workspace.spare_code();
  parts.clear(code.units());
  const SparseRows units = code.view();
  for (std::size_t j = 0; j < ends_.size(); ++j) {
    const Range prefix{j == 0 ? 0 : ends_[j - 1], ends_[j]};
    for (Index r = 0; r < rows; ++r) {
      for (Index e = code.start(r); e < code.start(r + 1); ++e) {
        const auto place = static_cast<std::size_t>(e);
        const Index unit = units.columns[place];
        if (unit >= prefix.begin && unit < prefix.end)
          parts.add(unit, units.values[place], code.pre_activations()[place]);
      }
      parts.end_row();
    }
  }
  std::swap(code, parts);

  const Matrix gradient = workspace.output_gradient(last_layer_, rows);
  if (prefixes() > 1)
    add_prefixes(parameters, target, scale, workspace, code, stacked, arena.rest(), sums, loss_of);
  copy(gradient, block(stacked, prefixes() - 1, rows));
  // The sums from each prefix on; the bias has that of all.
  for (Index j = prefixes() - 1; j > 0; --j)
    add(block(stacked, j, rows), block(stacked, j - 1, rows));
  copy(block(stacked, 0, rows), gradient);
  if (!auxiliary) return stacked.first_rows(prefixes() * rows);
  add_dead_units(parameters, rows, context, workspace, code,
                 arena.allocate_array<Candidate>(code.units()));
  sums.penalty += auxiliary_loss(parameters, target, scale, context, workspace, code,
                                 block(stacked, prefixes(), rows));
  return stacked;
}

void DictionaryPass::add_prefixes(const float* parameters, ConstMatrix target, float scale,
                                  Workspace& workspace, const SparseCode& code, Matrix stacked,
                                  std::span<float> scratch, LossSums& sums, LossOf loss_of) const {
  const SparseDecoder& decoder = *decoder_;
  const Index rows = target.rows;
  const Index shorter = prefixes() - 1;
  const float share = 1 / static_cast<float>(prefixes());
  ScratchArena arena(scratch);
  const Matrix decoded = arena.allocate(shorter * rows, features_);
  const Matrix sum = arena.allocate(rows, features_);
  const Matrix logits = arena.allocate(rows, features_);
  decoder.multiply(parameters, rows_of(code, {0, shorter * rows}), decoded, workspace.unit_group());
  for (Index r = 0; r < rows; ++r) std::ranges::copy(decoder.bias(parameters), sum.row(r).begin());
  for (Index j = 0; j < shorter; ++j) {
    add(block(decoded, j, rows), sum);
    copy(sum, logits);
    sums.loss += loss_of(target, logits, block(stacked, j, rows), share * scale).loss;
  }
  sums.loss /= static_cast<double>(prefixes());
  const Matrix gradient = workspace.output_gradient(last_layer_, rows);
  for (Index r = 0; r < rows; ++r) {
    for (float& value : gradient.row(r)) value *= share;
  }
}

void DictionaryPass::add_dead_units(const float* parameters, Index rows, const PassContext& context,
                                    Workspace& workspace, SparseCode& code,
                                    std::span<Candidate> candidates) const {
  const std::span<const float> bias = encoder_->bias(parameters);
  const auto most = static_cast<std::size_t>(spec_.aux_k);
  UnitGroup* const group = workspace.unit_group();
  const Range own = group == nullptr ? Range{0, code.units()} : group->units();
  const ConstMatrix products(workspace.output(code_layer_, rows).data, rows, own.size());
  SparseCode& largest = workspace.spare_code();
  largest.clear(code.units());
  // Of equal values the unit of lower number wins.
  const auto before = [](const Candidate& a, const Candidate& b) {
    return a.value > b.value || (a.value == b.value && a.unit < b.unit);
  };
  for (Index r = 0; r < rows; ++r) {
    std::size_t count = 0;
    for (const std::int32_t unit : context.dead_units) {
      if (unit < own.begin || unit >= own.end) continue;
      const float value = products(r, unit - own.begin) + bias[static_cast<std::size_t>(unit)];
      if (value > 0) candidates[count++] = {value, unit};
    }
    const auto chosen = candidates.first(std::min(count, most));
    if (count > most) {
      std::ranges::nth_element(candidates.first(count),
                               candidates.begin() + static_cast<std::ptrdiff_t>(most), before);
      std::ranges::sort(chosen, {}, &Candidate::unit);
    }
    for (const Candidate& candidate : chosen) largest.add(candidate.unit, candidate.value);
    largest.end_row();
  }
  if (group != nullptr) group->keep_largest(spec_.aux_k, largest);
  const SparseRows listed = largest.view();
  for (Index r = 0; r < rows; ++r) {
    const std::span<const std::int32_t> units = listed.columns_of(r);
    for (std::size_t e = 0; e < units.size(); ++e) code.add(units[e], listed.values_of(r)[e]);
    code.end_row();
  }
}

double DictionaryPass::auxiliary_loss(const float* parameters, ConstMatrix target, float scale,
                                      const PassContext& context, Workspace& workspace,
                                      const SparseCode& code, Matrix gradient) const {
  const Index rows = target.rows;
  const SparseDecoder& decoder = *decoder_;
  const ConstMatrix outputs = workspace.output(last_layer_, rows);
  const Index first = prefixes() * rows;
  decoder.multiply(parameters, rows_of(code, {first, first + rows}), gradient,
                   workspace.unit_group());
  const RowWeights weights = weights_of(context);
  const std::span<const float> bias = decoder.bias(parameters);
  double loss = 0;
  double left = 0;
  double whole = 0;
  for (Index r = 0; r < rows; ++r) {
    const float own = weights.empty() ? 1.0F : weights[r];
    const auto weight = static_cast<double>(own);
    double squares = 0;
    for (Index c = 0; c < features_; ++c) {
      const float residual = target(r, c) - outputs(r, c);
      const float centred = target(r, c) - bias[static_cast<std::size_t>(c)];
      const float difference = gradient(r, c) - residual;
      left += weight * static_cast<double>(residual) * static_cast<double>(residual);
      whole += weight * static_cast<double>(centred) * static_cast<double>(centred);
      squares += static_cast<double>(difference) * static_cast<double>(difference);
      gradient(r, c) = own * difference;
    }
    loss += weight * squares;
  }
  const double relative = whole > 0 ? whole / std::max(left, least_share * whole) : 1.0;
  const double factor =
      spec_.aux_weight * relative / (feature_mean_ ? static_cast<double>(features_) : 1.0);
  const auto step = static_cast<float>(2 * factor * static_cast<double>(scale));
  for (Index r = 0; r < rows; ++r) {
    for (float& value : gradient.row(r)) value *= step;
  }
  return factor * loss;
}

}  // namespace hourglass
