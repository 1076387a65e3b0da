#include "engine/training_data.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"
#include "data/sparse_conversion.hpp"
#include "data/statistics.hpp"
#include "hourglass/core/error.hpp"
#include "nn/loss.hpp"
#include "system/machine.hpp"

namespace hourglass {

namespace {

constexpr Index full_fingerprint_bytes = Index{256} << 20;
constexpr Index sampled_rows = 256;

}  // namespace

std::unique_ptr<DatasetReader> open_everywhere(const Communicator& communicator,
                                               const std::string& address,
                                               const ReadOptions& options) {
  std::unique_ptr<DatasetReader> reader;
  collectively(communicator, [&] {
    DatasetAddress place = parse_address(address);
    place.options = options;
    reader = std::make_unique<DatasetReader>(place);
  });
  // A pattern is expanded by every rank: a network file system may show them different folders.
  const Index rows = reader->info().rows();
  const bool same = communicator.min(rows) == communicator.max(rows);
  if (!same) {
    throw Error(
        ErrorKind::data,
        fmt::format("{}: ranks see different numbers of rows; wait until all nodes see all files",
                    address),
        Reach::everywhere);
  }
  return reader;
}

std::string fingerprint(const DatasetReader& reader, ValueRange* range,
                        const std::vector<double>& missing, Index first_rows) {
  const DatasetInfo& info = reader.info();
  const Index all_rows = first_rows < 0 ? info.rows() : first_rows;
  std::vector<Index> extents = info.shape;
  if (!extents.empty()) extents.front() = all_rows;
  XXH3_state_t* state = XXH3_createState();
  XXH3_128bits_reset(state);
  const std::string shape = fmt::format("{} {}", fmt::join(extents, "x"), name_of(info.type));
  XXH3_128bits_update(state, shape.data(), shape.size());
  const bool whole = all_rows * info.row_bytes() <= full_fingerprint_bytes;
  const Index block =
      whole ? std::max<Index>(1, (Index{4} << 20) / std::max<Index>(1, info.row_bytes())) : 1;
  const Index blocks = whole ? (all_rows + block - 1) / block : sampled_rows;
  Buffer<std::byte> bytes(block * info.row_bytes());
  for (Index b = 0; b < blocks; ++b) {
    const Index begin = whole ? b * block : even_part(all_rows, blocks, b).begin;
    const Range rows{begin, std::min(all_rows, begin + block)};
    const auto read = bytes.span().first(static_cast<std::size_t>(rows.size() * info.row_bytes()));
    reader.read_rows(rows, read);
    XXH3_128bits_update(state, read.data(), read.size());
    if (range == nullptr) continue;
    range->add(info.type, read, missing);
    range->rows += rows.size();
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

namespace {

// Advice that brings the samples into the domain of a loss; it depends on their normalization.
const char* domain_advice(ElementType type, const InputTransform& transform) {
  if (!transform.mean.empty()) return "use another --normalize or --loss mse";
  if (is_integer(type) && name_of(type).starts_with('u'))
    return "use --normalize unit or --loss mse";
  return "scale the samples to that range, or use --loss mse";
}

}  // namespace

void check_domain(const Communicator& communicator, const DatasetReader& reader,
                  const InputTransform& transform, Loss loss, Index inputs) {
  const auto domain = domain_of(loss);
  const auto lowest = domain.lowest;
  const auto highest = domain.highest;
  const DatasetInfo& info = reader.info();
  const bool unit = is_integer(info.type) && name_of(info.type).starts_with('u') &&
                    transform.mean.empty() && transform.divisor == unit_divisor(info.type);
  if ((std::isinf(lowest) && std::isinf(highest)) || unit) return;
  collectively(communicator, [&] {
    const Range mine = even_part(info.rows(), communicator.size(), communicator.rank());
    const Index block = rows_a_read(info);
    Buffer<std::byte> bytes(std::min(block, std::max<Index>(1, mine.size())) * info.row_bytes());
    std::vector<float> row(static_cast<std::size_t>(info.features()));
    for (Index begin = mine.begin; begin < mine.end; begin += block) {
      const Range rows{begin, std::min(mine.end, begin + block)};
      read_finite_rows(reader, rows,
                       bytes.span().first(static_cast<std::size_t>(rows.size() * info.row_bytes())),
                       transform.missing);
      for (Index r = rows.begin; r < rows.end; ++r) {
        convert_row(info.type, bytes.data() + (r - rows.begin) * info.row_bytes(), transform, row);
        const std::span compared = std::span(row).subspan(static_cast<std::size_t>(inputs));
        const auto outside =
            std::ranges::find_if(compared, [&](float x) { return x < lowest || x > highest; });
        if (outside == compared.end()) continue;
        throw Error(
            ErrorKind::data,
            fmt::format(
                "{} holds {:g} after --normalize, outside of the domain of --loss {} ({}); {}",
                reader.where(r), *outside, name_of(loss),
                std::isinf(highest) ? "0 and above" : "0 to 1",
                domain_advice(info.type, transform)));
      }
    }
  });
}

Index memory_budget(const Communicator& communicator, Index setting) {
  if (setting >= 0) return setting;
  return usable_memory() / 2 / communicator.node().size();
}

bool fits_memory(const DatasetInfo& info, const SampleSourceSettings& settings, Index budget) {
  const Range rows{settings.plan.shard_rows(settings.shards.begin).begin,
                   settings.plan.shard_rows(settings.shards.end - 1).end};
  if (holds_sparse(info, settings.transform))
    return compressed_bytes(rows.size(), info.entries.count(rows), size_of(info.type)) <= budget;
  const Range steps = rows.empty() ? Range{} : info.steps.of(rows);
  return steps.size() * info.step_bytes() <= budget;
}

std::unique_ptr<SampleSource> open_training_data(const Communicator& communicator,
                                                 const DatasetReader& reader,
                                                 const SampleSourceSettings& settings,
                                                 Index budget) {
  std::unique_ptr<SampleSource> source;
  collectively(communicator, [&] {
    source = fits_memory(reader.info(), settings, budget)
                 ? make_memory_source(reader, settings)
                 : make_streaming_source(DatasetReader(reader.info().address), settings);
  });
  return source;
}

Index resident_bytes() {
  std::ifstream stream("/proc/self/statm");
  Index total = 0;
  Index resident = 0;
  stream >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace hourglass
