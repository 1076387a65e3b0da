// Prefixes of a sparse code and the auxiliary loss of its dead units, against the objective
// rewritten in double: values, and gradients by central differences.
#include "model/dictionary_pass.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "model/autoencoder_trial.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

using autoencoder_test::Trial;
using reference::Vector;

constexpr std::size_t features = 6;
constexpr std::size_t units = 12;
constexpr std::size_t k = 3;
const std::vector<std::int32_t> dead = {1, 4, 5, 8, 11};

AutoencoderSpec sparse_spec() {
  AutoencoderSpec spec;
  spec.encoder = {features, units};
  spec.output_activation = Activation::linear;
  spec.sparsity.selection = selection_from("topk:3");
  spec.dictionary.pre_bias = PreBias::mean;
  spec.dictionary.aux_k = 0;
  return spec;
}

class Reference {
 public:
  explicit Reference(const Trial& trial, std::vector<float> weights = {})
      : trial_(trial), weights_(std::move(weights)) {}

  // What the auxiliary loss takes as constants: x - x^ of each sample, and the sum of |x - b|^2
  // over that of |x - x^|^2.
  struct Residuals {
    std::vector<Vector> values;
    double factor = 0;
  };
  [[nodiscard]] double operator()(const Vector& p, const Residuals& residuals) const {
    const DictionarySpec& dictionary = trial_.model.spec().dictionary;
    std::vector<Index> ends = dictionary.matryoshka;
    if (ends.empty() || ends.back() < static_cast<Index>(units)) ends.push_back(units);
    double sum = 0;
    for (Index r = 0; r < trial_.rows; ++r) {
      const Vector pre = pre_activations(p, r);
      for (const Index end : ends) {
        sum += weight(r) * error(p, r, active(pre, all_units(), k), end) /
               static_cast<double>(ends.size());
      }
      if (dictionary.aux_k == 0) continue;
      const Vector& e = residuals.values[static_cast<std::size_t>(r)];
      const Vector found =
          active(pre, {dead.begin(), dead.end()}, static_cast<std::size_t>(dictionary.aux_k));
      for (std::size_t c = 0; c < features; ++c) {
        double difference = -e[c];
        for (std::size_t u = 0; u < units; ++u) difference += found[u] * atom(p, u, c);
        sum += weight(r) * dictionary.aux_weight * residuals.factor * difference * difference /
               features;
      }
    }
    return sum;
  }
  [[nodiscard]] Residuals residuals(const Vector& p) const {
    Residuals result;
    double whole = 0;
    double left = 0;
    for (Index r = 0; r < trial_.rows; ++r) {
      const Vector h = active(pre_activations(p, r), all_units(), k);
      Vector& e = result.values.emplace_back();
      for (std::size_t c = 0; c < features; ++c) {
        e.push_back(residual(p, r, h, units, c));
        left += weight(r) * e.back() * e.back();
        whole += weight(r) * std::pow(residual(p, r, Vector(units, 0.0), units, c), 2);
      }
    }
    result.factor = whole / left;
    return result;
  }

 private:
  [[nodiscard]] double weight(Index r) const {
    return weights_.empty() ? 1.0 : static_cast<double>(weights_[static_cast<std::size_t>(r)]);
  }
  static std::vector<std::size_t> all_units() {
    std::vector<std::size_t> all;
    for (std::size_t u = 0; u < units; ++u) all.push_back(u);
    return all;
  }
  [[nodiscard]] double at(const Vector& p, const std::string& name, std::size_t i) const {
    for (const Tensor& tensor : trial_.model.layout().tensors()) {
      if (tensor.name == name) return p[static_cast<std::size_t>(tensor.offset) + i];
    }
    ADD_FAILURE() << name;
    return 0;
  }
  [[nodiscard]] double bias(const Vector& p, std::size_t c) const {
    return at(p, "decoder/0/bias", c);
  }
  [[nodiscard]] double atom(const Vector& p, std::size_t u, std::size_t c) const {
    return at(p, "decoder/0/weight", u * features + c);
  }
  [[nodiscard]] Vector pre_activations(const Vector& p, Index r) const {
    Vector z;
    for (std::size_t u = 0; u < units; ++u) {
      double sum = at(p, "encoder/0/bias", u);
      for (std::size_t c = 0; c < features; ++c) {
        sum += at(p, "encoder/0/weight", u * features + c) *
               (static_cast<double>(trial_.x()(r, static_cast<Index>(c))) - bias(p, c));
      }
      z.push_back(sum);
    }
    return z;
  }
  // Of some units the `most` largest that are positive, as a whole code.
  static Vector active(const Vector& z, std::vector<std::size_t> some, std::size_t most) {
    std::ranges::sort(some, [&](std::size_t a, std::size_t b) { return z[a] > z[b]; });
    Vector h(units, 0.0);
    for (std::size_t i = 0; i < std::min(most, some.size()); ++i)
      h[some[i]] = std::max(0.0, z[some[i]]);
    return h;
  }
  [[nodiscard]] double residual(const Vector& p, Index r, const Vector& h, std::size_t end,
                                std::size_t c) const {
    double y = bias(p, c);
    for (std::size_t u = 0; u < end; ++u) y += h[u] * atom(p, u, c);
    return static_cast<double>(trial_.t()(r, static_cast<Index>(c))) - y;
  }
  [[nodiscard]] double error(const Vector& p, Index r, const Vector& h, Index end) const {
    double sum = 0;
    for (std::size_t c = 0; c < features; ++c)
      sum += std::pow(residual(p, r, h, static_cast<std::size_t>(end), c), 2) / features;
    return sum;
  }

  const Trial& trial_;
  std::vector<float> weights_;
};

LossSums train(Trial& trial, std::span<const float> weights = {}) {
  PassContext context{.training = true};
  context.dead_units = dead;
  context.sample_weights = weights;
  return trial.model.train_pass(trial.parameters.data(), trial.x(), trial.t(), 1, trial.workspace,
                                trial.gradient.data(), context, {});
}

void expect_right_gradient(const AutoencoderSpec& spec, const std::vector<float>& weights = {}) {
  Trial trial(spec, 9);
  const LossSums sums = train(trial, weights);
  const Reference reference(trial, weights);
  const Vector p = trial.double_parameters();
  const auto residuals = reference.residuals(p);
  const auto objective = [&](const Vector& q) { return reference(q, residuals); };
  EXPECT_NEAR(sums.loss, objective(p), 1e-5 * objective(p));
  for (const Tensor& tensor : trial.model.layout().tensors()) {
    double largest = 0;
    Vector expected;
    for (Index i = 0; i < tensor.size; ++i) {
      expected.push_back(
          reference::derivative(objective, p, static_cast<std::size_t>(tensor.offset + i)));
      largest = std::max(largest, std::fabs(expected.back()));
    }
    EXPECT_GT(largest, 0) << tensor.name << " has no gradient: nothing is tested";
    for (Index i = 0; i < tensor.size; ++i) {
      const double exact = expected[static_cast<std::size_t>(i)];
      ASSERT_NEAR(trial.gradient[tensor.offset + i], exact,
                  2e-4 * std::fabs(exact) + 2e-5 * largest)
          << tensor.name << "[" << i << "]";
    }
  }
}

TEST(DictionaryPass, a_plain_sparse_code_has_the_gradient_of_its_support) {
  expect_right_gradient(sparse_spec());
}

TEST(DictionaryPass, prefixes_share_the_loss) {
  AutoencoderSpec spec = sparse_spec();
  spec.dictionary.matryoshka = {3, 7};
  expect_right_gradient(spec);
  spec.dictionary.matryoshka = {5, 12};
  spec.dictionary.pre_bias = PreBias::none;
  AutoencoderSpec centred = spec;
  centred.dictionary.pre_bias = PreBias::mean;
  expect_right_gradient(centred);
}

TEST(DictionaryPass, dead_units_reconstruct_what_is_left) {
  AutoencoderSpec spec = sparse_spec();
  spec.dictionary.aux_weight = 0.5;
  spec.dictionary.aux_k = 2;  // fewer than are dead
  expect_right_gradient(spec);
  spec.dictionary.aux_k = 12;  // all that are
  expect_right_gradient(spec);
  spec.dictionary.matryoshka = {4, 9};
  expect_right_gradient(spec);
}

TEST(DictionaryPass, samples_count_by_their_weights) {
  AutoencoderSpec spec = sparse_spec();
  spec.dictionary.aux_weight = 0.5;
  spec.dictionary.aux_k = 2;
  const std::vector<float> weights = {1, 0.25F, 3, 0, 1.5F, 2, 0.5F, 1, 4};
  expect_right_gradient(spec, weights);
  // One that weighs nothing changes nothing, whatever its values.
  Trial trial(spec, 9);
  const double loss = train(trial, weights).loss;
  const std::vector<float> before(trial.gradient.span().begin(), trial.gradient.span().end());
  constexpr Index unweighted = 3;
  for (Index i = unweighted * static_cast<Index>(features);
       i < (unweighted + 1) * static_cast<Index>(features); ++i) {
    trial.input[i] *= 1e4F;
    trial.target[i] *= 1e4F;
  }
  EXPECT_EQ(train(trial, weights).loss, loss);
  for (const Tensor& tensor : trial.model.layout().tensors()) {
    for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i)
      ASSERT_EQ(trial.gradient[i], before[static_cast<std::size_t>(i)]) << tensor.name;
  }
}

TEST(DictionaryPass, unit_atoms_lose_the_part_along_them) {
  AutoencoderSpec spec = sparse_spec();
  spec.dictionary.aux_k = 2;
  spec.dictionary.matryoshka = {4};
  Trial plain(spec, 9);
  spec.dictionary.unit_norm = true;
  Trial constrained(spec, 9);
  constrained.model.constrain(constrained.parameters.data(), {});
  std::ranges::copy(constrained.parameters.span(), plain.parameters.data());
  EXPECT_EQ(train(plain).loss, train(constrained).loss);
  const ConstMatrix atoms = constrained.model.dictionary(constrained.parameters.data());
  const ConstMatrix expected = plain.model.dictionary(plain.gradient.data());
  const ConstMatrix got = constrained.model.dictionary(constrained.gradient.data());
  ASSERT_EQ(atoms.rows, static_cast<Index>(units));
  for (Index u = 0; u < atoms.rows; ++u) {
    double along = 0;
    double norm = 0;
    for (Index c = 0; c < atoms.columns; ++c) {
      along += static_cast<double>(expected(u, c)) * static_cast<double>(atoms(u, c));
      norm += static_cast<double>(atoms(u, c)) * static_cast<double>(atoms(u, c));
    }
    EXPECT_NEAR(norm, 1, 1e-6);
    for (Index c = 0; c < atoms.columns; ++c) {
      EXPECT_NEAR(got(u, c),
                  static_cast<double>(expected(u, c)) - along * static_cast<double>(atoms(u, c)),
                  1e-5);
    }
  }
}

TEST(DictionaryPass, dead_units_are_not_counted_as_used) {
  AutoencoderSpec spec = sparse_spec();
  spec.dictionary.aux_k = 12;
  for (const bool prefixes : {false, true}) {
    if (prefixes) spec.dictionary.matryoshka = {4};
    Trial trial(spec, 9);
    UnitUse with(units);
    train(trial);
    trial.model.count_use({}, trial.workspace, 9, with);
    UnitUse without(units);
    trial.model.encode(trial.parameters.data(), trial.x(), trial.workspace);
    trial.model.count_use({}, trial.workspace, 9, without);
    EXPECT_TRUE(std::ranges::equal(with.counts(), without.counts()));
    EXPECT_LE(mean_active_units(with.counts(), 9), static_cast<double>(k));
  }
}

TEST(DictionaryPass, half_of_the_features_is_the_usual_number) {
  AutoencoderSpec spec = sparse_spec();
  spec.dictionary.aux_k = DictionarySpec::automatic_aux_k;
  EXPECT_EQ(Autoencoder(spec).spec().dictionary.aux_k, 3);
  spec.loss = Loss::mae;
  EXPECT_EQ(Autoencoder(spec).spec().dictionary.aux_k, 0);
  EXPECT_FALSE(DictionaryPass::wanted(Autoencoder(spec).spec()));
}

}  // namespace
}  // namespace hourglass
