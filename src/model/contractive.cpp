#include "model/contractive.hpp"

#include <algorithm>
#include <cmath>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"

namespace hourglass {

namespace {

// For a code of so many units the exact norm costs no more than a few estimates.
constexpr Index small_code = 8;

double add_squares(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

double add_squares(ConstMatrix matrix) {
  double sum = 0;
  for (Index r = 0; r < matrix.rows; ++r) {
    for (const float value : matrix.row(r))
      sum += static_cast<double>(value) * static_cast<double>(value);
  }
  return sum;
}

}  // namespace

PassContext perturbation_context(const PassContext& context, Index n) {
  // Another seed gives other noise than the input's own corruption, and one for each n.
  PassContext result = context;
  result.seed = context.seed ^ (0x9e3779b97f4a7c15ULL * static_cast<std::uint64_t>(n + 1));
  return result;
}

// The terms of each layer and the arrays that they point to: two products and one bias for each
// perturbation, then one product of the pass at x itself.
struct Contractive::Terms {
  std::span<SecondOrderTerms> layers;
  std::span<SecondOrderTerms::Product> products;
  std::span<ConstMatrix> biases;
  Index products_per_layer = 0;
  Index biases_per_layer = 0;

  [[nodiscard]] SecondOrderTerms::Product& product(std::size_t layer, Index i) const {
    return products[layer * static_cast<std::size_t>(products_per_layer) +
                    static_cast<std::size_t>(i)];
  }
  [[nodiscard]] ConstMatrix& bias(std::size_t layer, Index i) const {
    return biases[layer * static_cast<std::size_t>(biases_per_layer) + static_cast<std::size_t>(i)];
  }
};

Contractive::Contractive(const Regularization& settings, std::vector<const Dense*> layers)
    : settings_(settings), layers_(std::move(layers)), method_(settings.contractive_method) {
  const Index code = layers_.back()->outputs();
  const bool one_layer = layers_.size() == 1;
  if (method_ == ContractiveMethod::automatic) {
    const bool closed = one_layer && settings.hessian_weight == 0;
    method_ = closed               ? ContractiveMethod::closed_form
              : code <= small_code ? ContractiveMethod::exact
                                   : ContractiveMethod::hutchinson;
  }
  if (method_ == ContractiveMethod::closed_form && (!one_layer || settings.hessian_weight > 0)) {
    throw Error(ErrorKind::usage,
                "--contractive-method closed-form is for --layers with one layer and without "
                "--hessian-weight: use exact or "
                "hutchinson");
  }
  probes_ = method_ == ContractiveMethod::exact ? code : settings.contractive_probes;
  weight_ = method_ == ContractiveMethod::exact ? 1.0 : 1.0 / static_cast<double>(probes_);
}

Index Contractive::scratch_floats(Index rows) const {
  const Index code = layers_.back()->outputs();
  return (1 + perturbations()) * JacobianPass::scratch_floats(layers_, rows, probes_) +
         ScratchArena::floats_of(rows * probes_, code) +
         ScratchArena::floats_of_array<double>(code) +
         ScratchArena::floats_of_array<SecondOrderTerms>(layer_count()) +
         ScratchArena::floats_of_array<SecondOrderTerms::Product>(layer_count() *
                                                                  (2 * perturbations() + 1)) +
         ScratchArena::floats_of_array<ConstMatrix>(layer_count() * perturbations());
}

Contractive::Terms Contractive::allocate_terms(ScratchArena& arena) const {
  Terms terms;
  terms.products_per_layer = 2 * perturbations() + 1;
  terms.biases_per_layer = perturbations();
  terms.layers = arena.allocate_array<SecondOrderTerms>(layer_count());
  terms.products =
      arena.allocate_array<SecondOrderTerms::Product>(layer_count() * terms.products_per_layer);
  terms.biases = arena.allocate_array<ConstMatrix>(layer_count() * terms.biases_per_layer);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto products = static_cast<std::size_t>(terms.products_per_layer);
    const auto biases = static_cast<std::size_t>(terms.biases_per_layer);
    terms.layers[l].products = terms.products.subspan(l * products, products);
    terms.layers[l].bias = terms.biases.subspan(l * biases, biases);
  }
  return terms;
}

// The perturbed copy of the encoder has no other loss: its ordinary backward pass starts from
// nothing but dz.
void Contractive::set_perturbed_terms(const float* parameters, const JacobianPass& pass, Index n,
                                      const Terms& terms, ScratchArena& arena) const {
  Matrix above;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Matrix dz = pass.dz(l);
    if (!above.empty()) {
      const Matrix slopes = pass.slopes(l);
      for (Index i = 0; i < dz.rows; ++i) {
        for (Index c = 0; c < dz.columns; ++c) dz(i, c) += above(i, c) * slopes(i, c);
      }
    }
    terms.product(l, 2 * n) = {pass.q(l), pass.a(l)};
    terms.product(l, 2 * n + 1) = {dz, pass.layer_input(l)};
    terms.bias(l, n) = dz;
    if (l == 0) break;
    above = arena.allocate(dz.rows, layers_[l]->inputs());
    gemm(false, false, dz, layers_[l]->weight(parameters), 0, above);
  }
}

Contractive::Penalty Contractive::closed_form(const float* parameters, const JacobianPass& pass,
                                              float scale, ScratchArena& arena) const {
  const ConstMatrix weight = layers_.front()->weight(parameters);
  const Index samples = pass.x().rows;
  const Matrix norms = arena.allocate(1, weight.rows);
  const Matrix factors = arena.allocate(1, weight.rows);
  const Matrix dz = arena.allocate(samples, weight.rows);
  for (Index j = 0; j < weight.rows; ++j) {
    norms(0, j) = static_cast<float>(add_squares(weight.row(j)));
    factors(0, j) = 0;
  }
  const float step = scale * static_cast<float>(settings_.contractive);
  const Matrix slopes = pass.slopes(0);
  const Matrix curvatures = pass.curvatures(0);
  double sum = 0;
  for (Index i = 0; i < samples; ++i) {
    for (Index j = 0; j < weight.rows; ++j) {
      const float slope = slopes(i, j);
      sum += static_cast<double>(slope * slope) * static_cast<double>(norms(0, j));
      factors(0, j) += 2.0F * step * slope * slope;
      dz(i, j) = 2.0F * step * norms(0, j) * slope * curvatures(i, j);
    }
  }
  const auto terms = arena.allocate_array<SecondOrderTerms>(1);
  terms.front().pre_activation = dz;
  terms.front().row_factors = factors.row(0);
  return {settings_.contractive * sum, terms};
}

void Contractive::make_probes(const PassContext& context, Matrix probes) const {
  const Index samples = probes.rows / probes_;
  const CounterRandom random(context.seed, Purpose::penalty);
  for (Index p = 0; p < probes_; ++p) {
    for (Index i = 0; i < samples; ++i) {
      const auto row = probes.row(p * samples + i);
      if (method_ == ContractiveMethod::exact) {
        std::ranges::fill(row, 0.0F);
        row[static_cast<std::size_t>(p)] = 1.0F;
        continue;
      }
      const Index blocks = (probes.columns + 127) / 128;
      for (Index block = 0; block < blocks; ++block) {
        const auto words =
            random.bits(context.sample_ids[static_cast<std::size_t>(i)], context.epoch,
                        static_cast<std::uint32_t>(p * blocks + block));
        for (Index c = block * 128; c < std::min(probes.columns, (block + 1) * 128); ++c) {
          const Index bit = c - block * 128;
          row[static_cast<std::size_t>(c)] =
              ((words[static_cast<std::size_t>(bit / 32)] >> (bit % 32)) & 1U) != 0 ? 1.0F : -1.0F;
        }
      }
    }
  }
}

Contractive::Penalty Contractive::apply(const float* parameters, ConstMatrix x,
                                        Workspace& activations, float scale,
                                        const PassContext& context,
                                        std::span<float> scratch) const {
  ScratchArena arena(scratch);
  JacobianPass pass(layers_, parameters, x, activations, arena);
  if (method_ == ContractiveMethod::closed_form) return closed_form(parameters, pass, scale, arena);

  const Terms terms = allocate_terms(arena);
  const Matrix probes = arena.allocate(x.rows * probes_, layers_.back()->outputs());
  make_probes(context, probes);
  pass.reverse(probes);
  const Matrix seed = arena.allocate(probes.rows, x.columns);
  const Matrix product = pass.product();
  double value = settings_.contractive * weight_ * add_squares(product);
  const auto factor = static_cast<float>(2.0 * settings_.contractive * weight_) * scale;
  for (Index i = 0; i < seed.rows; ++i) {
    for (Index c = 0; c < seed.columns; ++c) seed(i, c) = factor * product(i, c);
  }

  const Index perturbed = perturbations();
  const double share =
      perturbed > 0 ? settings_.hessian_weight * weight_ / static_cast<double>(perturbed) : 0;
  const auto hessian_factor = static_cast<float>(2.0 * share) * scale;
  const CorruptionSpec noise{Corruption::gaussian, settings_.hessian_sigma};
  for (Index n = 0; n < perturbed; ++n) {
    const Matrix moved = arena.allocate(x.rows, x.columns);
    corrupt(noise, {}, perturbation_context(context, n), x, moved, {});
    JacobianPass other(layers_, parameters, moved, arena);
    other.reverse(probes);
    const Matrix other_product = other.product();
    const Matrix other_seed = arena.allocate(probes.rows, x.columns);
    double sum = 0;
    for (Index i = 0; i < seed.rows; ++i) {
      for (Index c = 0; c < seed.columns; ++c) {
        const float difference = other_product(i, c) - product(i, c);
        sum += static_cast<double>(difference) * static_cast<double>(difference);
        other_seed(i, c) = hessian_factor * difference;
        seed(i, c) -= other_seed(i, c);
      }
    }
    value += share * sum;
    other.adjoint(other_seed);
    set_perturbed_terms(parameters, other, n, terms, arena);
  }

  pass.adjoint(seed);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    terms.layers[l].pre_activation = pass.dz(l);
    terms.product(l, 2 * perturbed) = {pass.q(l), pass.a(l)};
  }
  return {value, terms.layers};
}

void Contractive::squared_norms(const float* parameters, ConstMatrix x, Workspace& activations,
                                std::span<float> scratch, std::span<double> norms) const {
  require(method_ != ContractiveMethod::hutchinson, "an estimate is not a measurement");
  require(static_cast<Index>(norms.size()) == x.rows, "one norm per sample");
  ScratchArena arena(scratch);
  JacobianPass pass(layers_, parameters, x, activations, arena);
  std::ranges::fill(norms, 0.0);
  if (method_ == ContractiveMethod::closed_form) {
    const ConstMatrix weight = layers_.front()->weight(parameters);
    const auto rows = arena.allocate_array<double>(weight.rows);  // |W_j|^2
    for (Index j = 0; j < weight.rows; ++j)
      rows[static_cast<std::size_t>(j)] = add_squares(weight.row(j));
    const Matrix slopes = pass.slopes(0);
    for (Index i = 0; i < x.rows; ++i) {
      for (Index j = 0; j < weight.rows; ++j) {
        const auto slope = static_cast<double>(slopes(i, j));
        norms[static_cast<std::size_t>(i)] += slope * slope * rows[static_cast<std::size_t>(j)];
      }
    }
    return;
  }
  const Matrix probes = arena.allocate(x.rows * probes_, layers_.back()->outputs());
  make_probes({}, probes);
  pass.reverse(probes);
  for (Index i = 0; i < probes.rows; ++i) {
    norms[static_cast<std::size_t>(i % x.rows)] += add_squares(pass.product().row(i));
  }
}

}  // namespace hourglass
