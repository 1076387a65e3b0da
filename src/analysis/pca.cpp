#include "analysis/pca.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "data/finite_rows.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"
#include "math/linalg.hpp"
#include "nn/activation.hpp"
#include "run/model_file.hpp"
#include "run/version.hpp"

namespace hourglass {

namespace {

constexpr Index part_count = 16;
// Rows that enter one matrix product.
constexpr Index block_rows = 512;

struct Pass {
  const DatasetReader& reader;
  const InputTransform& transform;
  Index features;
};

// Calls visit(x, rows) for the blocks of `rows`, converted to double, in order.
template <class Visit>
void for_each_block(const Pass& pass, Range rows, Visit visit) {
  const DatasetInfo& info = pass.reader.info();
  Buffer<std::byte> stored(block_rows * info.row_bytes());
  std::vector<float> row(static_cast<std::size_t>(pass.features));
  std::vector<double> block(static_cast<std::size_t>(block_rows * pass.features));
  for (Index begin = rows.begin; begin < rows.end; begin += block_rows) {
    const Range part{begin, std::min(rows.end, begin + block_rows)};
    read_finite_rows(pass.reader, part,
                     stored.span().first(static_cast<std::size_t>(part.size() * info.row_bytes())),
                     pass.transform.missing);
    for (Index r = 0; r < part.size(); ++r) {
      convert_row(info.type, stored.data() + r * info.row_bytes(), pass.transform, row);
      std::ranges::copy(row, block.begin() + r * pass.features);
    }
    visit(std::span(block), part.size());
  }
}

// Runs work(part, result) for the parts of this rank on the workers, then adds all parts of all
// ranks in the order of their numbers.
template <class Work>
std::vector<double> sum_of_parts(const Communicator& communicator, Index rows, Index size,
                                 WorkerPool& pool, Work work) {
  const Range mine = even_part(part_count, communicator.size(), communicator.rank());
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(mine.size()));
  collectively(communicator, [&] {
    std::mutex mutex;
    std::exception_ptr failure;
    pool.run([&](Index worker) {
      for (Index p = worker; p < mine.size(); p += pool.size()) {
        try {
          auto& part = parts[static_cast<std::size_t>(p)];
          part.assign(static_cast<std::size_t>(size), 0.0);
          work(even_part(rows, part_count, mine.begin + p), std::span(part));
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      }
    });
    if (failure) std::rethrow_exception(failure);
  });
  std::vector<double> sum(static_cast<std::size_t>(size), 0.0);
  for (int rank = 0; rank < communicator.size(); ++rank) {
    if (rank == communicator.rank()) {
      for (const auto& part : parts) {
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
      }
    }
    if (communicator.size() > 1)
      communicator.broadcast(std::as_writable_bytes(std::span(sum)), rank);
  }
  return sum;
}

}  // namespace

PrincipalComponents principal_components(const Communicator& communicator,
                                         const DatasetReader& reader,
                                         const InputTransform& transform, Index components,
                                         WorkerPool& pool) {
  const DatasetInfo& info = reader.info();
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
  const Pass pass{reader, transform, features};
  PrincipalComponents result;
  result.samples = info.rows();
  const auto samples = static_cast<double>(info.rows());
  result.mean = sum_of_parts(
      communicator, info.rows(), features, pool, [&](Range rows, std::span<double> sum) {
        for_each_block(pass, rows, [&](std::span<double> block, Index count) {
          for (Index r = 0; r < count; ++r) {
            for (Index c = 0; c < features; ++c)
              sum[static_cast<std::size_t>(c)] += block[static_cast<std::size_t>(r * features + c)];
          }
        });
      });
  for (double& mean : result.mean) mean /= samples;
  std::vector<double> covariance = sum_of_parts(
      communicator, info.rows(), features * features, pool, [&](Range rows, std::span<double> sum) {
        for_each_block(pass, rows, [&](std::span<double> block, Index count) {
          for (Index r = 0; r < count; ++r) {
            for (Index c = 0; c < features; ++c) {
              block[static_cast<std::size_t>(r * features + c)] -=
                  result.mean[static_cast<std::size_t>(c)];
            }
          }
          add_gram(count, features, block, sum);
        });
      });
  for (Index c = 0; c < features; ++c)
    result.total_variance += covariance[static_cast<std::size_t>(c * features + c)] / samples;
  collectively(communicator, [&] {
    if (!communicator.is_root()) return;
    Eigenpairs pairs = largest_eigenpairs(features, covariance, components);
    result.variance = std::move(pairs.values);
    result.components = std::move(pairs.vectors);
  });
  result.variance.resize(static_cast<std::size_t>(components));
  result.components.resize(static_cast<std::size_t>(components * features));
  communicator.broadcast(std::as_writable_bytes(std::span(result.variance)));
  communicator.broadcast(std::as_writable_bytes(std::span(result.components)));
  for (double& variance : result.variance) variance = std::max(0.0, variance / samples);
  return result;
}

void write_principal_components(const Communicator& communicator, const PrincipalComponents& pca,
                                const InputTransform& transform, TrainConfig config,
                                const std::string& path) {
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
  header.doubles["/pca/variance"] = pca.variance;
  header.doubles["/pca/total_variance"] = {pca.total_variance};
  StoredArena parameters{
      "/model", stored_tensors(model.layout()), {{0, arena.size()}}, {arena.data()}};
  write_state_file(communicator, path, header, {&parameters, 1});
}

}  // namespace hourglass
