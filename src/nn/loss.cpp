#include "nn/loss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "nn/activation_kernels.hpp"
#include "nn/loss_rows.hpp"
#include "nn/loss_terms.hpp"
#include "nn/similarity_loss.hpp"

namespace hourglass {

using namespace loss_row;

namespace {

constexpr std::array<std::pair<Loss, std::string_view>, 11> names = {{
    {Loss::mse, "mse"},
    {Loss::bce, "bce"},
    {Loss::mae, "mae"},
    {Loss::huber, "huber"},
    {Loss::log_cosh, "log-cosh"},
    {Loss::poisson, "poisson"},
    {Loss::cosine, "cosine"},
    {Loss::ssim, "ssim"},
    {Loss::mixed, "mixed"},
    {Loss::nb, "nb"},
    {Loss::zinb, "zinb"},
}};

// How the rows' gradients are scaled, and losses reduced over features.
struct RowScaling {
  float scale;
  bool mean;  // over the features of a sample, or its columns where there are groups
  Index features;
  std::span<const OutputGroup> groups = {};

  [[nodiscard]] Index terms() const { return groups.empty() ? features : column_count(groups); }
  // Of a sample of which `count` features are there.
  [[nodiscard]] Index terms(const float* present, Index count) const {
    return groups.empty() ? count : column_count(groups, present);
  }
  // dL/dz is multiplied by it where `count` terms of a sample are there.
  [[nodiscard]] float factor(Index count) const {
    return mean ? scale / static_cast<float>(count) : scale;
  }
};

double present_squared_error(const float* output, const float* target, const float* present,
                             Index count) {
  LaneSum squares;
  squares.add(count, [&](Index c) {
    const double difference = static_cast<double>(output[c]) - static_cast<double>(target[c]);
    return present[c] != 0 ? difference * difference : 0.0;
  });
  return squares.total();
}

// A sample of which `count` elements are there, fewer than all: its weights are 0 elsewhere.
template <class Row>
RowTerms incomplete_row(const Row& row, const RowScaling& reduction, Index count,
                        const float* target, const float* weights, const float* present,
                        float* values, float* gradient) {
  const Index there = reduction.terms(present, count);
  const float factor = there > 0 ? reduction.factor(there) : 0.0F;
  RowTerms terms = row(factor, target, weights, values, gradient);
  if (there == 0) return {0, 0};
  if (reduction.mean)
    terms.loss *= static_cast<double>(reduction.terms()) / static_cast<double>(there);
  const double share = static_cast<double>(reduction.features) / static_cast<double>(count);
  terms.squared_error = share * present_squared_error(values, target, present, reduction.features);
  return terms;
}

template <class Row>
LossSums over_rows(const Row& row, const RowScaling& reduction, ConstMatrix target, Matrix values,
                   Matrix gradient, const LossOptions& options) {
  const auto row_of = [](auto matrix, Index r) {
    return matrix.empty() ? nullptr : matrix.data + r * matrix.stride;
  };
  const Index features = reduction.features;
  const float whole = reduction.factor(reduction.terms());
  LossSums sums;
  for (Index r = 0; r < values.rows; ++r) {
    const float* const x = target.data + r * target.stride;
    float* const z = values.data + r * values.stride;
    float* const g = row_of(gradient, r);
    const float* const weights = row_of(options.weights, r);
    const float* const present = row_of(options.present, r);
    const Index there =
        present == nullptr ? features : features - std::count(present, present + features, 0.0F);
    const RowTerms terms =
        there == features ? row(whole, x, weights, z, g)
                          : incomplete_row(row, reduction, there, x,
                                           weights == nullptr ? present : weights, present, z, g);
    sums.loss += terms.loss;
    sums.squared_error += terms.squared_error;
  }
  return sums;
}

LossSums over_count_rows(CountDistribution distribution, const RowScaling& reduction,
                         ConstMatrix target, Matrix logits, Matrix gradient,
                         const LossOptions& options) {
  const float factor = reduction.factor(reduction.features);
  LossSums sums;
  for (Index r = 0; r < target.rows; ++r) {
    const float size = options.sizes.empty() ? 1.0F : options.sizes[static_cast<std::size_t>(r)];
    const CountTerms terms = count_loss(
        distribution, factor, size, target.data + r * target.stride,
        options.weights.empty() ? nullptr : options.weights.data + r * options.weights.stride,
        logits.data + r * logits.stride,
        gradient.empty() ? nullptr : gradient.data + r * gradient.stride, reduction.features,
        options.size_gradient.empty() ? nullptr
                                      : &options.size_gradient[static_cast<std::size_t>(r)]);
    sums.loss += terms.loss;
    sums.squared_error += terms.squared_error;
  }
  return sums;
}

// Calls function(row) with the row function of the loss and the output activation.
template <class Function>
LossSums with_row(Loss loss, Activation output_activation, Index features,
                  const LossOptions& options, Function function) {
  const auto components = [&](auto term) {
    return kernel::dispatch(output_activation, [&](auto kernel) {
      return function([=](float f, const float* x, const float* w, float* z, float* g) {
        return component_row<decltype(kernel)>(term, f, x, w, z, g, features);
      });
    });
  };
  float* const slopes = options.scratch.data();
  const auto samples = [&](auto distance) {
    return kernel::dispatch(output_activation, [&](auto kernel) {
      return function([=](float f, const float* x, const float* w, float* z, float* g) {
        return sample_row<decltype(kernel)>(distance, f, x, w, z, g, slopes, features);
      });
    });
  };
  switch (loss) {
    case Loss::mixed:
      return function([=, groups = options.groups](float f, const float* x, const float* w,
                                                   float* z, float* g) {
        const double terms = mixed_loss(groups, f, x, w, z, g);
        LaneSum squares;
        add_squared_error(z, x, features, squares);
        return RowTerms{terms, squares.total()};
      });
    case Loss::mse:
      return kernel::dispatch(output_activation, [&](auto kernel) {
        return function([=](float f, const float* x, const float* w, float* z, float* g) {
          return w == nullptr ? squared_error_row<decltype(kernel)>(f, x, z, g, features)
                              : component_row<decltype(kernel)>(loss_term::Squared{}, f, x, w, z, g,
                                                                features);
        });
      });
    case Loss::bce:
      return function([=](float f, const float* x, const float* w, float* z, float* g) {
        return w == nullptr ? cross_entropy_row(f, x, z, g, features)
                            : weighted_cross_entropy_row(f, x, w, z, g, features);
      });
    case Loss::mae:
      return components(loss_term::Absolute{});
    case Loss::huber:
      return components(loss_term::Huber{static_cast<float>(options.huber_delta)});
    case Loss::log_cosh:
      return components(loss_term::LogCosh{});
    case Loss::poisson:
      return components(loss_term::Poisson{});
    case Loss::cosine:
      return samples([](float f, const float* w, std::span<const float> x, std::span<const float> y,
                        float* g) { return cosine_distance(f, w, x, y, g); });
    case Loss::ssim:
      return samples([image = options.image](float f, const float* w, std::span<const float> x,
                                             std::span<const float> y, float* g) {
        return structural_dissimilarity(f, image, w, x, y, g);
      });
    case Loss::nb:
    case Loss::zinb:
      break;
  }
  throw Error(ErrorKind::bug, "internal error: a loss without a formula");
}

}  // namespace

std::string_view name_of(Loss loss) {
  const auto* entry = std::ranges::find(names, loss, &std::pair<Loss, std::string_view>::first);
  require(entry != names.end(), "a loss without a name");
  return entry->second;
}

Loss loss_from(std::string_view name) {
  const auto* entry = std::ranges::find(names, name, &std::pair<Loss, std::string_view>::second);
  if (entry == names.end()) {
    throw Error(ErrorKind::usage, fmt::format("unknown loss '{}'; use one of: {}", name,
                                              fmt::join(loss_names(), ", ")));
  }
  return entry->first;
}

std::vector<std::string> loss_names() {
  std::vector<std::string> result;
  for (const auto& [loss, name] : names) result.emplace_back(name);
  return result;
}

Index loss_scratch_floats(Loss loss, Activation output_activation, Index features) {
  return is_componentwise(loss) || !saves_derivative(output_activation) ? 0 : features;
}

bool is_componentwise(Loss loss) { return loss != Loss::cosine && loss != Loss::ssim; }

Domain domain_of(Loss loss) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (loss == Loss::bce) return {0, 1};
  if (loss == Loss::poisson || loss == Loss::nb || loss == Loss::zinb) return {0, infinity};
  return {-infinity, infinity};
}

void check_loss(Loss loss, Activation output_activation) {
  if (loss == Loss::bce && output_activation != Activation::sigmoid) {
    throw Error(ErrorKind::usage,
                fmt::format("--loss bce needs outputs between 0 and 1: use --output-activation "
                            "sigmoid instead of {}, or --loss mse",
                            name_of(output_activation)));
  }
  if (loss == Loss::poisson && output_activation != Activation::softplus &&
      output_activation != Activation::sigmoid && output_activation != Activation::linear) {
    throw Error(ErrorKind::usage,
                fmt::format("--loss poisson needs outputs above 0: use --output-activation "
                            "softplus (or sigmoid; or linear, for exp) instead of {}",
                            name_of(output_activation)));
  }
  if ((loss == Loss::nb || loss == Loss::zinb) && output_activation != Activation::linear) {
    throw Error(ErrorKind::usage,
                fmt::format("--loss {} makes means of the outputs by exp: use --output-activation "
                            "linear instead of {}",
                            name_of(loss), name_of(output_activation)));
  }
  if (loss == Loss::mixed && output_activation != Activation::linear) {
    throw Error(ErrorKind::usage,
                fmt::format("--loss mixed has an activation for each kind of column: use "
                            "--output-activation linear instead of {}",
                            name_of(output_activation)));
  }
}

std::optional<CountDistribution> distribution_of(Loss loss, Activation output_activation) {
  if (loss == Loss::nb) return CountDistribution::nb;
  if (loss == Loss::zinb) return CountDistribution::zinb;
  if (loss == Loss::poisson && output_activation == Activation::linear)
    return CountDistribution::poisson;
  return std::nullopt;
}

Index logits_per_feature(Loss loss) { return loss == Loss::nb ? 2 : loss == Loss::zinb ? 3 : 1; }

namespace {

void require_fitting(Loss loss, Activation output_activation, ConstMatrix target, Matrix logits,
                     Matrix gradient, const LossOptions& options) {
  require(target.rows == logits.rows && target.columns * logits_per_feature(loss) == logits.columns,
          "a target that does not fit the output");
  require(gradient.empty() || (gradient.rows == logits.rows && gradient.columns == logits.columns),
          "a gradient that does not fit the output");
  require(options.weights.empty() || options.weights.columns == target.columns,
          "weights that do not fit the output");
  require(options.present.empty() ||
              (options.present.rows == target.rows && options.present.columns == target.columns),
          "a mask that does not fit the output");
  require(
      options.present.empty() || (loss != Loss::ssim && !distribution_of(loss, output_activation)),
      "a mask for a loss that takes complete samples");
  require(options.sizes.empty() || static_cast<Index>(options.sizes.size()) == target.rows,
          "size factors that do not fit the target");
  require(options.size_gradient.empty() ||
              static_cast<Index>(options.size_gradient.size()) == target.rows,
          "gradients of size factors that do not fit the target");
  require(loss != Loss::ssim || options.image.size() == target.columns,
          "an image shape that does not fit the output");
  require(gradient.empty() || static_cast<Index>(options.scratch.size()) >=
                                  loss_scratch_floats(loss, output_activation, target.columns),
          "a loss without the scratch memory of its gradient");
  require(loss != Loss::mixed ||
              (!options.groups.empty() && options.groups.back().features.end == target.columns),
          "groups that do not fit the output");
}

}  // namespace

LossSums loss_and_gradient(Loss loss, Activation output_activation, bool feature_mean, float scale,
                           ConstMatrix target, Matrix logits, Matrix gradient,
                           const LossOptions& options) {
  require_fitting(loss, output_activation, target, logits, gradient, options);
  check_loss(loss, output_activation);
  const std::span<const OutputGroup> groups =
      loss == Loss::mixed ? options.groups : std::span<const OutputGroup>();
  const RowScaling reduction{scale, feature_mean && is_componentwise(loss), target.columns, groups};
  const auto distribution = distribution_of(loss, output_activation);
  LossSums sums = distribution
                      ? over_count_rows(*distribution, reduction, target, logits, gradient, options)
                      : with_row(loss, output_activation, target.columns, options, [&](auto row) {
                          return over_rows(row, reduction, target, logits, gradient, options);
                        });
  if (reduction.mean) sums.loss /= static_cast<double>(reduction.terms());
  return sums;
}

}  // namespace hourglass
