#include "analysis/probe_data.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"
#include "engine/inference.hpp"
#include "engine/sum_over_ranks.hpp"
#include "engine/training_data.hpp"
#include "math/exact_sum.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

// Reads `rows` (ascending) to `bytes`, neighbours at once.
void read_selected(const DatasetReader& reader, const MissingValues& missing,
                   std::span<const Index> rows, std::span<std::byte> bytes) {
  const auto row_bytes = static_cast<std::size_t>(reader.info().row_bytes());
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    read_finite_rows(reader, {rows[i], rows[end - 1] + 1},
                     bytes.subspan(i * row_bytes, (end - i) * row_bytes), missing);
    i = end;
  }
}

Range places_of(const SampleSourceSettings& settings) {
  return {settings.plan.shard_rows(settings.shards.begin).begin,
          settings.plan.shard_rows(settings.shards.end - 1).end};
}

// Pieces of the rank's shards of at most a micro-batch: their shapes do not depend on the ranks.
std::vector<Range> pieces_of(const SampleSourceSettings& settings) {
  std::vector<Range> pieces;
  for (Index shard = settings.shards.begin; shard < settings.shards.end; ++shard) {
    const Range places = settings.plan.shard_rows(shard);
    for (Index begin = places.begin; begin < places.end; begin += settings.plan.micro_batch()) {
      pieces.push_back({begin, std::min(places.end, begin + settings.plan.micro_batch())});
    }
  }
  return pieces;
}

// The categories of chosen rows of a table with as many for each of `count` rows.
void gather_conditions(std::span<const std::int32_t> table, Index count,
                       std::span<const Index> rows, std::vector<std::int32_t>& gathered) {
  gathered.clear();
  for (const Index row : rows) {
    const auto own = conditions_of(table, count, {row, row + 1});
    gathered.insert(gathered.end(), own.begin(), own.end());
  }
}

void encode_pieces(const DatasetReader& reader, std::span<const Index> rows,
                   const SampleSourceSettings& settings, const FrozenEncoder& encoder,
                   WorkerPool& pool, float* codes) {
  const DatasetInfo& info = reader.info();
  const Index first = places_of(settings).begin;
  const auto pieces = pieces_of(settings);
  std::atomic<std::size_t> next{0};
  std::mutex failure_mutex;
  std::exception_ptr failure;
  pool.run([&](Index) {
    try {
      const Index most = settings.plan.micro_batch();
      Workspace workspace = encoder.network->make_workspace(most);
      Buffer<std::byte> stored(most * info.row_bytes());
      Buffer<float> samples(most * info.features());
      std::vector<std::int32_t> conditions;
      for (std::size_t p = next++; p < pieces.size(); p = next++) {
        const Range piece = pieces[p];
        const auto own = rows.subspan(static_cast<std::size_t>(piece.begin),
                                      static_cast<std::size_t>(piece.size()));
        read_selected(reader, settings.transform.missing, own, stored.span());
        gather_conditions(encoder.conditions, info.rows(), own, conditions);
        workspace.set_conditions(conditions);
        const Matrix x(samples.data(), piece.size(), info.features());
        for (Index r = 0; r < x.rows; ++r) {
          convert_row(info.type, stored.data() + r * info.row_bytes(), settings.transform,
                      x.row(r));
        }
        const ConstMatrix code = encoder.network->encode(encoder.parameters, x, workspace);
        for (Index r = 0; r < code.rows; ++r) {
          std::ranges::copy(code.row(r), codes + (piece.begin - first + r) * code.columns);
        }
      }
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = pieces.size();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

// Mean and inverse deviation of each column over all ranks' rows, by exact sums. A deviation of 0
// counts as 1.
InputTransform standardization(const Communicator& communicator, ConstMatrix codes, Index samples) {
  const auto columns = static_cast<std::size_t>(codes.columns);
  std::vector<double> mean(columns);
  InputTransform result;
  for (const bool deviations : {false, true}) {
    std::vector<ExactSum> sums(columns);
    for (Index r = 0; r < codes.rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        const double value = static_cast<double>(codes.row(r)[c]) - mean[c];
        sums[c].add(deviations ? value * value : value);
      }
    }
    sum_over_ranks(communicator, sums);
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = sums[c].value() / static_cast<double>(samples);
      if (deviations) {
        result.inverse_deviation.push_back(value > 0 ? static_cast<float>(1 / std::sqrt(value))
                                                     : 1.0F);
      } else {
        mean[c] = value;
        result.mean.push_back(static_cast<float>(value));
      }
    }
  }
  return result;
}

}  // namespace

std::unique_ptr<SampleSource> hold_rows(const Communicator& communicator,
                                        const DatasetReader& reader, std::span<const Index> rows,
                                        const SampleSourceSettings& settings) {
  const Range places = places_of(settings);
  Buffer<std::byte> bytes;
  collectively(communicator, [&] {
    bytes = Buffer<std::byte>(places.size() * reader.info().row_bytes());
    read_selected(reader, settings.transform.missing,
                  rows.subspan(static_cast<std::size_t>(places.begin),
                               static_cast<std::size_t>(places.size())),
                  bytes.span());
  });
  return make_held_source(std::move(bytes), reader.info().type, reader.info().features(), settings);
}

std::unique_ptr<SampleSource> hold_codes(const Communicator& communicator,
                                         const DatasetReader& reader, std::span<const Index> rows,
                                         const SampleSourceSettings& settings,
                                         const FrozenEncoder& encoder, WorkerPool& pool,
                                         bool standardize, InputTransform& codes) {
  const Range places = places_of(settings);
  const Index width = encoder.network->code_size();
  Buffer<std::byte> bytes;
  collectively(communicator, [&] {
    bytes = Buffer<std::byte>(places.size() * width * static_cast<Index>(sizeof(float)));
    encode_pieces(reader, rows, settings, encoder, pool, reinterpret_cast<float*>(bytes.data()));
  });
  codes = standardize ? standardization(
                            communicator,
                            {reinterpret_cast<const float*>(bytes.data()), places.size(), width},
                            settings.plan.samples())
                      : InputTransform{};
  SampleSourceSettings held = settings;
  held.transform = codes;
  return make_held_source(std::move(bytes), ElementType::f32, width, held);
}

}  // namespace hourglass
