#include "run/serving_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "hourglass/core/error.hpp"
#include "hourglass/core/owned_matrix.hpp"
#include "math/blas.hpp"
#include "model/output_loss.hpp"
#include "run/sample_rows.hpp"

namespace hourglass {

namespace {

// Multiply-adds that a comparison may cost: a second or two.
constexpr double most_comparison_flops = 1e11;
// Bytes of weights up to which they are copied for products of a few rows.
constexpr Index most_copied_bytes = Index{256} << 20;

bool same_bits(ConstMatrix one, ConstMatrix other) {
  if (one.rows != other.rows || one.columns != other.columns) return false;
  for (Index r = 0; r < one.rows; ++r) {
    const auto bytes = std::as_bytes(one.row(r));
    if (!std::ranges::equal(bytes, std::as_bytes(other.row(r)))) return false;
  }
  return true;
}

OwnedMatrix copy_of(ConstMatrix matrix) {
  OwnedMatrix copy(matrix.rows, matrix.columns);
  for (Index r = 0; r < matrix.rows; ++r)
    std::ranges::copy(matrix.row(r), copy.view().row(r).begin());
  return copy;
}

// Normalised samples of any kind: numbers of either sign, or counts.
OwnedMatrix made_up_samples(Index rows, Index columns, bool counts) {
  OwnedMatrix samples(rows, columns);
  std::uint32_t state = 1;
  for (float& value : samples.values()) {
    state = state * 1664525U + 1013904223U;
    const auto unit = static_cast<float>(state >> 8U) * 0x1p-24F;
    value = counts ? std::floor(4.0F * unit) : 2.0F * unit - 1.0F;
  }
  return samples;
}

Model load_servable(const std::string& path) {
  use_single_threaded_blas();
  Model model = load_model(path, true);
  if (!model.config.model.conditions.empty()) {
    throw Error(ErrorKind::usage, fmt::format("{}: the model has conditions of its samples, which "
                                              "the C interface does not take; use `hourglass "
                                              "encode`, or TrainedModel of the C++ API",
                                              path));
  }
  return model;
}

}  // namespace

ServingModel::ServingModel(const std::string& path) : model_(load_servable(path)) {
  compare_ways();
}

ServingModel::~ServingModel() {
  for (auto& kept : kept_) delete kept.load();
}

ServingModel::Scratch::Scratch(const ServingModel& owner)
    : input(owner.micro_batch() * std::max(owner.features(), owner.code_size())),
      row(static_cast<std::size_t>(owner.features()) * sizeof(double)),
      workspace(owner.model_.network->make_workspace(owner.micro_batch())) {
  Index widest = 0;
  for (const auto* part : {&owner.encoder_, &owner.decoder_})
    widest = std::max(widest, *part ? (*part)->widest() : 0);
  // Codes and then their reconstructions.
  chain = Buffer<float>(4 * owner.micro_batch() * widest);
}

ServingModel::Lease::Lease(const ServingModel& owner) : owner_(owner) {
  for (auto& kept : owner.kept_) {
    if (kept.load(std::memory_order_relaxed) == nullptr) continue;
    scratch_.reset(kept.exchange(nullptr, std::memory_order_acquire));
    if (scratch_) return;
  }
  scratch_ = std::make_unique<Scratch>(owner);
}

ServingModel::Lease::~Lease() {
  for (auto& kept : owner_.kept_) {
    Scratch* none = nullptr;
    if (kept.compare_exchange_strong(none, scratch_.get(), std::memory_order_release,
                                     std::memory_order_relaxed)) {
      static_cast<void>(scratch_.release());
      return;
    }
  }
}

void ServingModel::check_samples(ElementType type, const void* samples, Index rows) const {
  const auto bytes = static_cast<std::size_t>(rows * features() * size_of(type));
  check_rows(type, {static_cast<const std::byte*>(samples), bytes}, features(), "samples",
             model_.transform.missing);
}

void ServingModel::normalize(ElementType type, const void* samples, Range rows,
                             Scratch& scratch) const {
  const Index row_bytes = features() * size_of(type);
  const auto* from = static_cast<const std::byte*>(samples) + rows.begin * row_bytes;
  const Matrix x(scratch.input.data(), rows.size(), features());
  for (Index r = 0; r < x.rows; ++r, from += row_bytes) {
    normalize_row(model_, model_.transform, type, {from, static_cast<std::size_t>(row_bytes)},
                  rows.begin + r, std::span(scratch.row).first(static_cast<std::size_t>(row_bytes)),
                  x.row(r));
  }
}

template <class Fill>
void ServingModel::for_each_part(Pass pass, Index rows, float* results, Index columns,
                                 bool reorders, const Fill& fill) const {
  if (rows == 0) return;
  const Lease lease(*this);
  for (Index begin = 0; begin < rows; begin += micro_batch()) {
    const Range part{begin, std::min(rows, begin + micro_batch())};
    fill(part, *lease);
    const ConstMatrix y = run(pass, part.size(), *lease);
    float* to = results + part.begin * columns;
    for (Index r = 0; r < part.size(); ++r, to += columns) {
      const std::span<float> row(to, static_cast<std::size_t>(columns));
      if (reorders) {
        restore_row(model_, y.row(r), row);
      } else {
        std::ranges::copy(y.row(r), row.begin());
      }
    }
  }
}

void ServingModel::encode(ElementType type, const void* samples, Index rows, float* codes) const {
  check_samples(type, samples, rows);
  for_each_part(Pass::encode, rows, codes, code_size(), false,
                [&](Range part, Scratch& scratch) { normalize(type, samples, part, scratch); });
}

void ServingModel::decode(const float* codes, Index rows, float* outputs) const {
  const std::span<const float> values(codes, static_cast<std::size_t>(rows * code_size()));
  check_rows(ElementType::f32, std::as_bytes(values), code_size(), "codes");
  for_each_part(Pass::decode, rows, outputs, this->outputs(), true,
                [&](Range part, Scratch& scratch) {
                  std::copy_n(codes + part.begin * code_size(), part.size() * code_size(),
                              scratch.input.data());
                });
}

void ServingModel::reconstruct(ElementType type, const void* samples, Index rows,
                               float* outputs) const {
  check_samples(type, samples, rows);
  for_each_part(Pass::reconstruct, rows, outputs, this->outputs(), true,
                [&](Range part, Scratch& scratch) { normalize(type, samples, part, scratch); });
}

ConstMatrix ServingModel::run(Pass pass, Index rows, Scratch& scratch) const {
  if (has_chains(pass) && 2 * rows <= micro_batch()) return run_chains(pass, rows, scratch);
  const Index width = pass == Pass::decode ? code_size() : features();
  const auto shape = std::ranges::lower_bound(shapes_, rows);
  const Matrix x(scratch.input.data(), *shape, width);
  for (Index r = rows; r < x.rows; ++r) std::ranges::fill(x.row(r), 0.0F);
  return run_network(pass, x.rows, scratch);
}

ConstMatrix ServingModel::run_network(Pass pass, Index rows, Scratch& scratch) const {
  const Autoencoder& network = *model_.network;
  const float* parameters = model_.parameters.data();
  if (pass == Pass::decode)
    return network.decode(parameters, {scratch.input.data(), rows, code_size()}, scratch.workspace);
  const ConstMatrix x(scratch.input.data(), rows, features());
  return pass == Pass::encode ? network.encode(parameters, x, scratch.workspace)
                              : network.reconstruct(parameters, x, scratch.workspace);
}

ConstMatrix ServingModel::run_chains(Pass pass, Index rows, Scratch& scratch) const {
  const std::span<float> memory = scratch.chain.span();
  ConstMatrix code(scratch.input.data(), rows, code_size());
  if (pass != Pass::decode) {
    const ConstMatrix x =
        model_.network->network_input({scratch.input.data(), rows, features()}, scratch.workspace);
    code = encoder_->run(x, memory.first(memory.size() / 2));
    if (pass == Pass::encode) return code;
  }
  return make_outputs(model_.network->spec(), {},
                      decoder_->run(code, memory.last(memory.size() / 2)));
}

void ServingModel::compare_ways() {
  const Index all = micro_batch();
  shapes_ = {all};
  const double flops = model_.network->flops_per_sample() * static_cast<double>(all);
  if (flops > most_comparison_flops) return;
  const OwnedMatrix samples = made_up_samples(
      all, features(), model_.network->spec().counts != Counts::none || model_.transform.counts);
  Scratch scratch(*this);
  const auto pass_over = [&](Pass pass, ConstMatrix x) {
    for (Index r = 0; r < x.rows; ++r)
      std::ranges::copy(x.row(r), scratch.input.data() + r * x.columns);
    return copy_of(run_network(pass, x.rows, scratch));
  };
  const OwnedMatrix codes = pass_over(Pass::encode, samples);
  const OwnedMatrix outputs = pass_over(Pass::reconstruct, samples);
  // Each row one place further.
  OwnedMatrix moved(all, features());
  for (Index r = 0; r < all; ++r)
    std::ranges::copy(samples.view().row(r), moved.view().row((r + 1) % all).begin());
  const auto is_moved = [&](const OwnedMatrix& results, const OwnedMatrix& of_moved) {
    for (Index r = 0; r < all; ++r) {
      const Index columns = results.columns();
      if (!same_bits({results.view().row(r).data(), 1, columns},
                     {of_moved.view().row((r + 1) % all).data(), 1, columns}))
        return false;
    }
    return true;
  };
  batch_invariant_ = is_moved(codes, pass_over(Pass::encode, moved)) &&
                     is_moved(outputs, pass_over(Pass::reconstruct, moved));
  if (!batch_invariant_) return;
  shapes_.clear();
  for (Index rows = 1; rows < all; rows *= 2) {
    const ConstMatrix few = samples.view().first_rows(rows);
    if (same_bits(pass_over(Pass::encode, few), codes.view().first_rows(rows)) &&
        same_bits(pass_over(Pass::reconstruct, few), outputs.view().first_rows(rows)))
      shapes_.push_back(rows);
  }
  shapes_.push_back(all);
  compare_chains(samples, codes, outputs);
}

void ServingModel::compare_chains(ConstMatrix samples, ConstMatrix codes, ConstMatrix outputs) {
  const Architecture& architecture = model_.network->architecture();
  const Range encoder{0, architecture.code_layer + 1};
  const Range decoder{encoder.end, model_.network->network().layer_count()};
  if (!RowProduct::is_fast || model_.parameters.size() * Index{sizeof(float)} > most_copied_bytes)
    return;
  const auto search = [&](Pass pass, Range layers, std::optional<DenseChain>& chain, ConstMatrix x,
                          ConstMatrix expected) {
    for (const Index block : RowProduct::blocks) {
      chain = DenseChain::of(model_.network->network(), layers, model_.parameters.data(), block);
      if (!chain) return;
      Scratch scratch(*this);
      for (Index r = 0; r < x.rows; ++r)
        std::ranges::copy(x.row(r), scratch.input.data() + r * x.columns);
      if (same_bits(run_chains(pass, x.rows, scratch), expected)) return;
    }
    chain.reset();
  };
  search(Pass::encode, encoder, encoder_, samples, codes);
  search(Pass::decode, decoder, decoder_, codes, outputs);
}

}  // namespace hourglass
