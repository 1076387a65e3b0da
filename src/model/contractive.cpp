#include "model/contractive.hpp"

#include <algorithm>
#include <cmath>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "nn/activation_kernels.hpp"

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

void slopes_and_curvatures(Activation activation, ConstMatrix y, ConstMatrix z, Matrix slopes,
                           Matrix curvatures) {
  kernel::dispatch(activation, [&](auto kernel) {
    using Kernel = decltype(kernel);
    for (Index r = 0; r < y.rows; ++r) {
      for (Index c = 0; c < y.columns; ++c) {
        if constexpr (Kernel::saves) {
          slopes(r, c) = Kernel::both(z(r, c)).slope;
          curvatures(r, c) = Kernel::curvature(z(r, c));
        } else {
          slopes(r, c) = Kernel::slope(y(r, c));
          curvatures(r, c) = Kernel::curvature(y(r, c));
        }
      }
    }
  });
}

// Hands out parts of the workspace's room, one after the other.
class Contractive::Room {
 public:
  explicit Room(std::span<float> memory) : memory_(memory) {}
  Matrix take(Index rows, Index columns) {
    const auto size = static_cast<std::size_t>(round_up(rows * columns, cell_floats));
    require(used_ + size <= memory_.size(), "too little room for a penalty");
    float* const begin = memory_.data() + used_;
    used_ += size;
    return {begin, rows, columns};
  }

 private:
  std::span<float> memory_;
  std::size_t used_ = 0;
};

// The encoder at one input, and the two passes through it. Rows of r, q, a and b are the probes'
// blocks of samples.
struct Contractive::Branch {
  ConstMatrix x;
  std::vector<ConstMatrix> outputs;
  std::vector<Matrix> slopes;
  std::vector<Matrix> curvatures;
  std::vector<Matrix> r;  // r[l] at the input of layer l; r[L] are the probes
  std::vector<Matrix> q;
  std::vector<Matrix> a;  // adjoints of r
  std::vector<Matrix> dz;
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

Index Contractive::room(Index rows) const {
  const auto part = [](Index r, Index columns) { return round_up(r * columns, cell_floats); };
  const Index stacked = rows * probes_;
  Index branch =
      part(stacked, layers_.front()->inputs()) * 2 + part(rows, layers_.front()->inputs());
  for (const Dense* layer : layers_)
    branch += 6 * part(rows, layer->outputs()) + 4 * part(stacked, layer->outputs());
  const Index branches = 1 + (settings_.hessian_weight > 0 ? settings_.hessian_samples : 0);
  return branches * (branch + part(stacked, layers_.front()->inputs())) +
         part(stacked, layers_.back()->outputs());
}

Contractive::Branch Contractive::make_branch(const float* parameters, ConstMatrix x,
                                             std::vector<ConstMatrix> outputs, Room& room) const {
  Branch branch;
  branch.x = x;
  branch.outputs = std::move(outputs);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Dense& layer = *layers_[l];
    const ConstMatrix y = branch.outputs[l];
    branch.slopes.push_back(room.take(x.rows, layer.outputs()));
    branch.curvatures.push_back(room.take(x.rows, layer.outputs()));
    Matrix z;
    if (saves_derivative(layer.activation())) {
      z = room.take(x.rows, layer.outputs());
      gemm(false, true, l == 0 ? x : branch.outputs[l - 1], layer.weight(parameters), 0, z);
      activation_forward(Activation::linear, layer.bias(parameters), z, {});
    }
    slopes_and_curvatures(layer.activation(), y, z, branch.slopes.back(), branch.curvatures.back());
  }
  return branch;
}

void Contractive::reverse_pass(const float* parameters, ConstMatrix probes, Branch& branch,
                               Room& room) const {
  const Index samples = branch.x.rows;
  branch.r.resize(layers_.size() + 1);
  branch.q.resize(layers_.size());
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Dense& layer = *layers_[l];
    const ConstMatrix r = l + 1 == layers_.size() ? probes : ConstMatrix(branch.r[l + 1]);
    const Matrix q = room.take(r.rows, layer.outputs());
    for (Index i = 0; i < r.rows; ++i) {
      const float* slope = branch.slopes[l].row(i % samples).data();
      for (Index c = 0; c < r.columns; ++c) q(i, c) = r(i, c) * slope[c];
    }
    branch.q[l] = q;
    branch.r[l] = room.take(r.rows, layer.inputs());
    gemm(false, false, q, layer.weight(parameters), 0, branch.r[l]);
  }
}

void Contractive::adjoint_pass(const float* parameters, Matrix seed, Branch& branch,
                               Room& room) const {
  const Index samples = branch.x.rows;
  branch.a.resize(layers_.size());
  Matrix a = seed;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Dense& layer = *layers_[l];
    branch.a[l] = a;
    const Matrix b = room.take(a.rows, layer.outputs());
    gemm(false, true, a, layer.weight(parameters), 0, b);
    const Matrix dz = room.take(samples, layer.outputs());
    for (Index i = 0; i < samples; ++i) std::ranges::fill(dz.row(i), 0.0F);
    for (Index i = 0; i < b.rows; ++i) {
      const Index sample = i % samples;
      for (Index c = 0; c < b.columns; ++c) {
        dz(sample, c) += b(i, c) * branch.r[l + 1](i, c) * branch.curvatures[l](sample, c);
        b(i, c) *= branch.slopes[l](sample, c);
      }
    }
    branch.dz.push_back(dz);
    a = b;
  }
}

// The perturbed copy of the encoder has no other loss: its ordinary backward pass starts from
// nothing but dz.
void Contractive::penalized_branch(const float* parameters, Branch& branch,
                                   std::span<SecondOrderTerms> terms, Room& room) const {
  Matrix above;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Matrix dz = branch.dz[l];
    if (!above.empty()) {
      for (Index i = 0; i < dz.rows; ++i) {
        for (Index c = 0; c < dz.columns; ++c) dz(i, c) += above(i, c) * branch.slopes[l](i, c);
      }
    }
    terms[l].products.push_back({branch.q[l], branch.a[l]});
    terms[l].products.push_back({dz, l == 0 ? branch.x : branch.outputs[l - 1]});
    terms[l].bias.push_back(dz);
    if (l == 0) break;
    above = room.take(dz.rows, layers_[l]->inputs());
    gemm(false, false, dz, layers_[l]->weight(parameters), 0, above);
  }
}

double Contractive::closed_form(const float* parameters, const Branch& branch, float scale,
                                Room& room, std::span<SecondOrderTerms> terms) const {
  const ConstMatrix weight = layers_.front()->weight(parameters);
  const Index samples = branch.x.rows;
  const Matrix norms = room.take(1, weight.rows);
  const Matrix factors = room.take(1, weight.rows);
  const Matrix dz = room.take(samples, weight.rows);
  for (Index j = 0; j < weight.rows; ++j) {
    norms(0, j) = static_cast<float>(add_squares(weight.row(j)));
    factors(0, j) = 0;
  }
  const float step = scale * static_cast<float>(settings_.contractive);
  double sum = 0;
  for (Index i = 0; i < samples; ++i) {
    for (Index j = 0; j < weight.rows; ++j) {
      const float slope = branch.slopes.front()(i, j);
      sum += static_cast<double>(slope * slope) * static_cast<double>(norms(0, j));
      factors(0, j) += 2.0F * step * slope * slope;
      dz(i, j) = 2.0F * step * norms(0, j) * slope * branch.curvatures.front()(i, j);
    }
  }
  terms.front().pre_activation = dz;
  terms.front().row_factors = factors.row(0);
  return settings_.contractive * sum;
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

double Contractive::apply(const float* parameters, ConstMatrix x,
                          std::span<const ConstMatrix> outputs, float scale,
                          const PassContext& context, std::span<float> memory,
                          std::span<SecondOrderTerms> terms) const {
  Room room(memory);
  Branch branch = make_branch(parameters, x, {outputs.begin(), outputs.end()}, room);
  if (method_ == ContractiveMethod::closed_form)
    return closed_form(parameters, branch, scale, room, terms);

  const Matrix probes = room.take(x.rows * probes_, layers_.back()->outputs());
  make_probes(context, probes);
  reverse_pass(parameters, probes, branch, room);
  branch.r.back() = probes;
  const Matrix seed = room.take(probes.rows, x.columns);
  double value = settings_.contractive * weight_ * add_squares(branch.r.front());
  const auto factor = static_cast<float>(2.0 * settings_.contractive * weight_) * scale;
  for (Index i = 0; i < seed.rows; ++i) {
    for (Index c = 0; c < seed.columns; ++c) seed(i, c) = factor * branch.r.front()(i, c);
  }

  const Index perturbed = settings_.hessian_weight > 0 ? settings_.hessian_samples : 0;
  const double share =
      perturbed > 0 ? settings_.hessian_weight * weight_ / static_cast<double>(perturbed) : 0;
  const auto hessian_factor = static_cast<float>(2.0 * share) * scale;
  const CorruptionSpec noise{Corruption::gaussian, settings_.hessian_sigma};
  for (Index n = 0; n < perturbed; ++n) {
    const Matrix moved = room.take(x.rows, x.columns);
    corrupt(noise, {}, perturbation_context(context, n), x, moved, {});
    std::vector<ConstMatrix> moved_outputs;
    for (const Dense* layer : layers_) {
      const Matrix y = room.take(x.rows, layer->outputs());
      gemm(false, true, moved_outputs.empty() ? ConstMatrix(moved) : moved_outputs.back(),
           layer->weight(parameters), 0, y);
      activation_forward(layer->activation(), layer->bias(parameters), y, {});
      moved_outputs.emplace_back(y);
    }
    Branch other = make_branch(parameters, moved, std::move(moved_outputs), room);
    reverse_pass(parameters, probes, other, room);
    other.r.back() = probes;
    const Matrix other_seed = room.take(probes.rows, x.columns);
    double sum = 0;
    for (Index i = 0; i < seed.rows; ++i) {
      for (Index c = 0; c < seed.columns; ++c) {
        const float difference = other.r.front()(i, c) - branch.r.front()(i, c);
        sum += static_cast<double>(difference) * static_cast<double>(difference);
        other_seed(i, c) = hessian_factor * difference;
        seed(i, c) -= other_seed(i, c);
      }
    }
    value += share * sum;
    adjoint_pass(parameters, other_seed, other, room);
    penalized_branch(parameters, other, terms, room);
  }

  adjoint_pass(parameters, seed, branch, room);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    terms[l].pre_activation = branch.dz[l];
    terms[l].products.push_back({branch.q[l], branch.a[l]});
  }
  return value;
}

void Contractive::squared_norms(const float* parameters, ConstMatrix x,
                                std::span<const ConstMatrix> outputs, std::span<float> memory,
                                std::span<double> norms) const {
  require(method_ != ContractiveMethod::hutchinson, "an estimate is no measurement");
  require(static_cast<Index>(norms.size()) == x.rows, "one norm a sample");
  Room room(memory);
  Branch branch = make_branch(parameters, x, {outputs.begin(), outputs.end()}, room);
  std::ranges::fill(norms, 0.0);
  if (method_ == ContractiveMethod::closed_form) {
    const ConstMatrix weight = layers_.front()->weight(parameters);
    std::vector<double> rows;  // |W_j|^2
    for (Index j = 0; j < weight.rows; ++j) rows.push_back(add_squares(weight.row(j)));
    for (Index i = 0; i < x.rows; ++i) {
      for (Index j = 0; j < weight.rows; ++j) {
        const auto slope = static_cast<double>(branch.slopes.front()(i, j));
        norms[static_cast<std::size_t>(i)] += slope * slope * rows[static_cast<std::size_t>(j)];
      }
    }
    return;
  }
  const Matrix probes = room.take(x.rows * probes_, layers_.back()->outputs());
  make_probes({}, probes);
  reverse_pass(parameters, probes, branch, room);
  for (Index i = 0; i < probes.rows; ++i) {
    norms[static_cast<std::size_t>(i % x.rows)] += add_squares(branch.r.front().row(i));
  }
}

}  // namespace hourglass
