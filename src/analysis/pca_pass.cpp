#include "analysis/pca_pass.hpp"

#include <algorithm>
#include <exception>
#include <mutex>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"

namespace hourglass {

namespace {

void add_to(std::vector<double>& sum, const std::vector<double>& part) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
}

}  // namespace

Index pca_block_rows(Index features) {
  constexpr Index most = 512;
  constexpr Index bytes = Index{64} << 20;
  return std::clamp<Index>(bytes / (static_cast<Index>(sizeof(double)) * features), 8, most);
}

void for_each_pca_block(const PcaData& data, Range rows,
                        const std::function<void(std::span<double>, Index)>& visit) {
  const DatasetInfo& info = data.reader.info();
  const Index features = data.features();
  const Index block_rows = pca_block_rows(features);
  Buffer<std::byte> stored(block_rows * info.row_bytes());
  std::vector<float> row(static_cast<std::size_t>(features));
  std::vector<double> block(static_cast<std::size_t>(block_rows * features));
  for (Index begin = rows.begin; begin < rows.end; begin += block_rows) {
    const Range part{begin, std::min(rows.end, begin + block_rows)};
    read_finite_rows(data.reader, part,
                     stored.span().first(static_cast<std::size_t>(part.size() * info.row_bytes())),
                     data.transform.missing);
    for (Index r = 0; r < part.size(); ++r) {
      convert_row(info.type, stored.data() + r * info.row_bytes(), data.transform, row);
      std::ranges::copy(row, block.begin() + r * features);
    }
    visit(std::span(block), part.size());
  }
}

std::vector<double> fold_parts(const PcaData& data, Index parts, Index size,
                               const std::function<void(Index part, std::span<double> sum)>& work) {
  const Communicator& communicator = data.communicator;
  const Range mine = even_part(parts, communicator.size(), communicator.rank());
  std::vector<double> sum(static_cast<std::size_t>(size), 0.0);
  // Those of rank 0 are added as soon as they are there.
  std::vector<std::vector<double>> kept;
  collectively(communicator, [&] {
    std::mutex mutex;
    std::exception_ptr failure;
    const Index workers = data.pool.size();
    for (Index first = mine.begin; first < mine.end; first += workers) {
      const Index count = std::min(workers, mine.end - first);
      std::vector<std::vector<double>> wave(static_cast<std::size_t>(count));
      data.pool.run([&](Index worker) {
        if (worker >= count) return;
        try {
          auto& part = wave[static_cast<std::size_t>(worker)];
          part.assign(static_cast<std::size_t>(size), 0.0);
          work(first + worker, std::span(part));
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      });
      if (failure) std::rethrow_exception(failure);
      for (auto& part : wave) {
        if (communicator.is_root()) {
          add_to(sum, part);
        } else {
          kept.push_back(std::move(part));
        }
      }
    }
  });
  for (int rank = 0; rank < communicator.size() && communicator.size() > 1; ++rank) {
    if (rank == communicator.rank()) {
      for (const auto& part : kept) add_to(sum, part);
    }
    communicator.broadcast(std::as_writable_bytes(std::span(sum)), rank);
  }
  return sum;
}

Index fold_doubles(Index parts, Index size, int ranks, Index workers) {
  const Index root = 1 + std::min(workers, even_part(parts, ranks, 0).size());
  const Index other = ranks > 1 ? 1 + even_part(parts, ranks, ranks - 1).size() : 0;
  return size * std::max(root, other);
}

std::vector<double> feature_means(const PcaData& data) {
  const Index features = data.features();
  std::vector<double> mean =
      fold_parts(data, pca_parts, features, [&](Index part, std::span<double> sum) {
        for_each_pca_block(data, even_part(data.rows(), pca_parts, part),
                           [&](std::span<double> block, Index count) {
                             for (Index r = 0; r < count; ++r) {
                               for (Index c = 0; c < features; ++c)
                                 sum[static_cast<std::size_t>(c)] +=
                                     block[static_cast<std::size_t>(r * features + c)];
                             }
                           });
      });
  for (double& value : mean) value /= static_cast<double>(data.rows());
  return mean;
}

void subtract_mean(std::span<double> block, Index count, std::span<const double> mean) {
  const std::size_t features = mean.size();
  for (std::size_t r = 0; r < static_cast<std::size_t>(count); ++r) {
    for (std::size_t c = 0; c < features; ++c) block[r * features + c] -= mean[c];
  }
}

}  // namespace hourglass
