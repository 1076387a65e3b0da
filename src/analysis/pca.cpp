#include "analysis/pca.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/pca_components.hpp"
#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "nn/activation.hpp"
#include "run/model_file.hpp"
#include "run/version.hpp"

namespace hourglass {

namespace {

// A matrix of more rows than this takes more than 128 MiB, and minutes for its eigenvectors.
constexpr Index largest_matrix = 4096;
// The random subspace pays only for few components.
constexpr Index fewest_rows_per_component = 4;

constexpr Index as_bytes(Index doubles) { return doubles * static_cast<Index>(sizeof(double)); }

void check(const DatasetInfo& info, Index components) {
  const Index features = info.features();
  if (components < 1 || components > features) {
    throw Error(ErrorKind::usage,
                fmt::format("--components is {}; {} has {} features: choose 1 to {}", components,
                            to_string(info.address), features, features),
                Reach::everywhere);
  }
  if (info.rows() < 2) {
    throw Error(
        ErrorKind::data,
        fmt::format("{}: principal components need at least 2 samples", to_string(info.address)),
        Reach::everywhere);
  }
  if (components >= info.rows() && features > largest_matrix) {
    throw Error(ErrorKind::usage,
                fmt::format("--components is {}, but the {} samples of {} lie in {} dimensions: "
                            "choose 1 to {}",
                            components, info.rows(), to_string(info.address), info.rows() - 1,
                            info.rows() - 1),
                Reach::everywhere);
  }
}

PcaMethod choose_method(Index rows, Index features, Index components) {
  const Index smaller = std::min(rows, features);
  if (smaller > largest_matrix && components <= smaller / fewest_rows_per_component)
    return PcaMethod::range_finder;
  // Components beyond the samples have no variance: the covariance has eigenvectors for them too.
  return rows < features && components < rows ? PcaMethod::gram : PcaMethod::covariance;
}

}  // namespace

std::string_view name_of(PcaMethod method) {
  switch (method) {
    case PcaMethod::covariance:
      return "covariance";
    case PcaMethod::gram:
      return "gram";
    case PcaMethod::range_finder:
      return "range-finder";
  }
  throw Error(ErrorKind::bug, "internal error: unknown method");
}

PcaPlan plan_pca(const DatasetInfo& info, Index components, int ranks, Index threads) {
  check(info, components);
  const Index rows = info.rows();
  const Index features = info.features();
  PcaPlan plan;
  plan.method = choose_method(rows, features, components);
  const Index blocks = threads * pca_block_rows(features) * (as_bytes(features) + info.row_bytes());
  const Index results = as_bytes(2 * components * features);
  switch (plan.method) {
    case PcaMethod::covariance:
      plan.bytes =
          as_bytes(fold_doubles(pca_parts, features * features, ranks, threads)) + blocks + results;
      break;
    case PcaMethod::gram: {
      const Index slabs = gram_slabs(rows, features);
      plan.bytes = as_bytes(fold_doubles(slabs, rows * rows, ranks, threads)) + blocks + results +
                   std::min(threads, slabs) * as_bytes(rows * ((features + slabs - 1) / slabs));
      break;
    }
    case PcaMethod::range_finder: {
      const Index width = range_finder_width(rows, features, components);
      plan.bytes = as_bytes(fold_doubles(pca_parts, width * features, ranks, threads)) +
                   as_bytes(width * features) + blocks + results;
      break;
    }
  }
  return plan;
}

PrincipalComponents principal_components(const Communicator& communicator,
                                         const DatasetReader& reader,
                                         const InputTransform& transform, Index components,
                                         WorkerPool& pool) {
  const PcaMethod method =
      plan_pca(reader.info(), components, communicator.size(), pool.size()).method;
  const PcaData data{communicator, reader, transform, pool};
  PrincipalComponents result =
      method == PcaMethod::covariance ? covariance_components(data, components)
      : method == PcaMethod::gram     ? gram_components(data, components)
                                      : range_finder_components(data, components);
  result.variance.resize(static_cast<std::size_t>(components));
  result.components.resize(static_cast<std::size_t>(components * reader.info().features()));
  communicator.broadcast(std::as_writable_bytes(std::span(result.variance)));
  communicator.broadcast(std::as_writable_bytes(std::span(result.components)));
  return result;
}

void write_principal_components(const Communicator& communicator, const PrincipalComponents& pca,
                                const InputTransform& transform, const DataIdentity& identity,
                                TrainConfig config, const std::string& path) {
  const auto features = static_cast<Index>(pca.mean.size());
  const auto components = static_cast<Index>(pca.variance.size());
  config.model = {};
  config.model.missing = transform.missing.treatment;
  config.model.encoder = {features, components};
  config.model.activation = config.model.code_activation = config.model.output_activation =
      Activation::linear;
  const Autoencoder model(config.model);
  Buffer<float> arena(model.layout().size());
  float* const encoder = arena.data() + model.layout().tensor(0).offset;
  float* const encoder_bias = arena.data() + model.layout().tensor(1).offset;
  float* const decoder = arena.data() + model.layout().tensor(2).offset;
  float* const decoder_bias = arena.data() + model.layout().tensor(3).offset;
  for (Index k = 0; k < components; ++k) {
    double shift = 0;
    for (Index c = 0; c < features; ++c) {
      const double value = pca.components[static_cast<std::size_t>(k * features + c)];
      encoder[k * features + c] = decoder[c * components + k] = static_cast<float>(value);
      shift += value * pca.mean[static_cast<std::size_t>(c)];
    }
    encoder_bias[k] = static_cast<float>(-shift);
  }
  for (Index c = 0; c < features; ++c)
    decoder_bias[c] = static_cast<float>(pca.mean[static_cast<std::size_t>(c)]);
  StateHeader header;
  header.configuration = to_text(config);
  header.texts["tool_version"] = version();
  header.texts["blas"] = blas_version() + " " + blas_core();
  store_transform(transform, header);
  store_identity(identity, header.texts);
  header.doubles["/pca/variance"] = pca.variance;
  header.doubles["/pca/total_variance"] = {pca.total_variance};
  StoredArena parameters{
      "/model", stored_tensors(model.layout()), {{0, arena.size()}}, {arena.data()}};
  write_state_file(communicator, path, header, {&parameters, 1});
}

}  // namespace hourglass
