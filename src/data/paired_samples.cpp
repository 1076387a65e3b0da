#include "data/paired_samples.hpp"

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

bool standardizes(const PartNormalization& part) {
  return resolve(part.normalize, part.type) == Normalize::standardize;
}

double divisor(const PartNormalization& part) {
  return resolve(part.normalize, part.type) == Normalize::unit ? unit_divisor(part.type) : 1.0;
}

template <class T>
std::vector<T> piece(const std::vector<T>& values, Range features) {
  if (values.empty()) return {};
  return {values.begin() + features.begin, values.begin() + features.end};
}

}  // namespace

Index target_features(const DatasetInfo& info) {
  const ReadOptions& options = info.address.options;
  if (options.target.empty()) return 0;
  DatasetAddress target = parse_address(options.target);
  target.options.allow_external = options.allow_external;
  return DatasetReader(target).info().features();
}

InputTransform paired_transform(const PartNormalization& input, const PartNormalization& target,
                                const InputTransform& standardized) {
  if (standardizes(input) && standardizes(target)) return standardized;
  InputTransform transform;
  transform.missing = standardized.missing;
  if (!standardizes(input) && !standardizes(target) && divisor(input) == divisor(target)) {
    transform.divisor = divisor(input);
    return transform;
  }
  const auto all = static_cast<std::size_t>(input.features + target.features);
  transform.mean.resize(all);
  transform.inverse_deviation.resize(all);
  if (!standardized.exact_mean.empty()) transform.exact_mean.resize(all);
  std::size_t f = 0;
  for (const PartNormalization* part : {&input, &target}) {
    for (const std::size_t end = f + static_cast<std::size_t>(part->features); f < end; ++f) {
      if (standardizes(*part)) {
        transform.mean[f] = standardized.mean.at(f);
        transform.inverse_deviation[f] = standardized.inverse_deviation.at(f);
        if (!transform.exact_mean.empty()) transform.exact_mean[f] = standardized.exact_mean.at(f);
      } else {
        transform.inverse_deviation[f] = static_cast<float>(1 / divisor(*part));
      }
    }
  }
  return transform;
}

InputTransform part_of(const InputTransform& whole, Range features) {
  InputTransform part = whole;
  part.mean = piece(whole.mean, features);
  part.inverse_deviation = piece(whole.inverse_deviation, features);
  part.exact_mean = piece(whole.exact_mean, features);
  part.missing.means = piece(whole.missing.means, features);
  return part;
}

DataIdentity input_identity(const DataIdentity& pair, Index features) {
  DataIdentity identity = pair;
  identity.sample_shape = {features};
  identity.range = {};
  identity.feature_names.clear();
  return identity;
}

}  // namespace hourglass
