// A training step as the ranks of a cluster see it, on SimGrid's simulated MPI: the project's own
// comm module exchanges the gradients, and computation is replaced by the time that it takes on a
// real core. Prints one JSON object:
//   smpirun -np 1024 -platform P.xml -hostfile H ... simulate --widths 784,1000,... --micro-batches
//   1 --pass-ms 13 --update-ms
//   4
//           --reduction tree|allreduce --overlap 1 --wire-bytes 4 --bucket-bytes 4194304 --steps 1
//           --hide-gather 1 --round-bits 3 --active 1 --sparse-update 0
// The schedule is that of GradientEngine: the last micro-batch's backward pass announces finished
// layers tail first; a bucket starts when all of it is finished; progress() is called at each
// announcement. With --hide-gather 1 the gather goes on behind the next step's forward pass, each
// layer of which waits for its own parameters (ParameterGather). A pass is one third forward; a
// layer's share is that of its multiply-adds (the first layer has no input gradient).
//
// --active below 1: the widths are those of a sparse autoencoder, d,n,d, and of the n units this
// share is active on some rank: their rows alone are exchanged, after the union of the ranks' sets.
// With --sparse-update 1 the gather carries these rows alone, too.
//
// SMPI has no realistic non-blocking allreduce. `allreduce` runs a blocking MPI_Allreduce for each
// bucket; with --overlap 1 the step is put together from their times under perfect progress, which
// flatters that scheme.
#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "core/tree_sum.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {
namespace {

struct Settings {
  std::vector<Index> widths;  // of all layers, input to reconstruction
  Index micro_batches = 1;    // a rank and step
  double pass = 0;            // seconds of one micro-batch
  double update = 0;          // seconds of the optimizer on the whole arena
  double combine = 0;         // seconds to add one whole arena to another
  bool tree = true;
  bool overlap = true;
  bool hide_gather = true;  // behind the next step's forward pass
  int round_bits = ExchangePlan::standard_round_bits;
  Index wire_bytes = 4;
  Index bucket_bytes = Index{4} << 20;
  Index warm_up = 0;
  Index steps = 1;
  double active = 1;  // units of a sparse code
  bool sparse_update = false;
};

Settings read_settings(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const auto number = [&](const char* name, double standard) {
    return given.contains(name) ? std::atof(given[name].c_str()) : standard;
  };
  Settings settings;
  std::istringstream widths(given["--widths"]);
  for (std::string width; std::getline(widths, width, ',');)
    settings.widths.push_back(std::atol(width.c_str()));
  settings.micro_batches = static_cast<Index>(number("--micro-batches", 1));
  settings.pass = number("--pass-ms", 0) * 1e-3;
  settings.update = number("--update-ms", 0) * 1e-3;
  settings.combine = number("--combine-ms", 0) * 1e-3;
  settings.tree = given["--reduction"] != "allreduce";
  settings.overlap = number("--overlap", 1) != 0;
  settings.hide_gather = settings.overlap && number("--hide-gather", 1) != 0;
  settings.round_bits = static_cast<int>(number("--round-bits", settings.round_bits));
  settings.wire_bytes = static_cast<Index>(number("--wire-bytes", 4));
  settings.bucket_bytes = static_cast<Index>(number("--bucket-bytes", 4 << 20));
  settings.warm_up = static_cast<Index>(number("--warm-up", 0));
  settings.steps = static_cast<Index>(number("--steps", 1));
  settings.active = number("--active", 1);
  settings.sparse_update = number("--sparse-update", 0) != 0;
  return settings;
}

void compute(double seconds) {
  if (seconds > 0) smpi_execute(seconds);
}

// What every step adds up of losses and flags (1.6 KB): up a binomial tree and down again, as Open
// MPI's MPI_Iallreduce does it for so few bytes.
void sum_scalars() {
  static std::int64_t words[200];
  static std::int64_t sums[200];
  MPI_Reduce(words, sums, 200, MPI_INT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  MPI_Bcast(sums, 200, MPI_INT64_T, 0, MPI_COMM_WORLD);
}

// The rows of a dictionary of which a share is active: the encoder's weight and bias, the atoms.
ActiveRows active_rows(const Settings& settings) {
  const Index inputs = settings.widths[0];
  const Index units = settings.widths[1];
  const Index bias = round_up(units * inputs, cell_floats);
  ActiveRows rows({{0, inputs}, {bias, 1}, {bias + round_up(units, cell_floats), inputs}}, units);
  std::uint64_t state = 1;
  for (Index u = 0; u < units; ++u) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    if (static_cast<double>(state >> 33) < settings.active * 0x1p31) rows.add(u);
  }
  return rows;
}

// The union of the units over the ranks, as sum_scalars().
void unite(ActiveRows& rows) {
  const auto words = static_cast<int>(rows.words().size());
  static std::vector<std::uint64_t> all;
  all.resize(rows.words().size());
  MPI_Reduce(rows.words().data(), all.data(), words, MPI_UINT64_T, MPI_BOR, 0, MPI_COMM_WORLD);
  MPI_Bcast(all.data(), words, MPI_UINT64_T, 0, MPI_COMM_WORLD);
}

// The announcements of a backward pass: after `seconds` more, everything from float `watermark` on
// is final.
struct Announcement {
  double seconds = 0;
  Index watermark = 0;
};

struct Pass {
  std::vector<double> forward;  // seconds, by layer
  std::vector<Index> ends;      // of the layers' parameters in the arena
  std::vector<Announcement> backward;
  Index arena = 0;
};

// Floats are counted as they travel: half of them at two bytes each.
Pass make_pass(const Settings& settings) {
  Pass pass;
  std::vector<Index> begins;
  std::vector<double> work;
  double all_work = 0;
  for (std::size_t l = 1; l < settings.widths.size(); ++l) {
    const Index weights = settings.widths[l] * settings.widths[l - 1];
    begins.push_back(pass.arena);
    pass.arena += round_up(weights, cell_floats) + round_up(settings.widths[l], cell_floats);
    work.push_back((l == 1 ? 1.0 : 2.0) * static_cast<double>(weights));
    pass.forward.push_back(static_cast<double>(weights));
    pass.ends.push_back(pass.arena);
    all_work += static_cast<double>(weights) + work.back();
  }
  for (double& layer : pass.forward) layer *= settings.pass / all_work;
  const auto travelling = [&](Index floats) {
    return floats * settings.wire_bytes / 4 / cell_floats * cell_floats;
  };
  for (std::size_t l = work.size(); l-- > 0;)
    pass.backward.push_back({settings.pass * work[l] / all_work, travelling(begins[l])});
  for (Index& end : pass.ends) end = travelling(end);
  pass.arena = travelling(pass.arena);
  return pass;
}

// One step by the tree: what GradientEngine and Trainer do, in their order.
void tree_step(const Settings& settings, const Pass& pass, const Communicator& world,
               Reducer& reducer, std::span<const BucketPart> parts_of_rank, const float* sum,
               ActiveRows& rows) {
  const auto buckets = reducer.buckets();
  std::size_t started = 0;
  std::vector<BucketPart> parts(parts_of_rank.begin(), parts_of_rank.end());
  const auto start_until = [&](Index watermark) {
    for (; started < buckets.size() && buckets[started].begin >= watermark; ++started) {
      for (BucketPart& part : parts) part.data = sum + buckets[started].begin;
      reducer.start_reduce(static_cast<Index>(started), parts);
    }
  };
  for (Index m = 0; m < settings.micro_batches; ++m) {
    const bool last = m + 1 == settings.micro_batches;
    // A layer's forward pass waits for the parameters that the previous step has sent.
    for (std::size_t l = 0; l < pass.forward.size(); ++l) {
      const Index begin = l == 0 ? 0 : pass.ends[l - 1];
      for (std::size_t b = buckets.size(); b-- > 0;) {
        if (buckets[b].begin < pass.ends[l] && buckets[b].end > begin)
          reducer.wait_gather(static_cast<Index>(b));
      }
      compute(pass.forward[l]);
      if (settings.overlap) reducer.progress();
    }
    for (const Announcement& layer : pass.backward) {
      compute(layer.seconds);
      if (last && !rows.empty() && started == 0) {
        unite(rows);
        reducer.carry_in_reduce(&rows);
      }
      if (last && settings.overlap) start_until(layer.watermark);
      if (settings.overlap) reducer.progress();
    }
  }
  start_until(0);
  sum_scalars();
  const double share = 1.0 / world.size();
  if (settings.sparse_update && !rows.empty()) reducer.carry_in_gather(&rows);
  const double updated = settings.sparse_update ? settings.active : 1;
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    reducer.wait_reduce(static_cast<Index>(b));
    const double part = static_cast<double>(buckets[b].size()) / static_cast<double>(pass.arena);
    compute(part *
            (settings.update * share * updated + settings.combine * (1 - share) * settings.active));
    if (settings.hide_gather) continue;
    reducer.start_gather(static_cast<Index>(b));
    reducer.progress();
  }
  if (!settings.hide_gather) {
    reducer.finish();
    return;
  }
  // The first layers' parameters first.
  for (std::size_t b = buckets.size(); b-- > 0;) reducer.start_gather(static_cast<Index>(b));
  reducer.finish_reduce();
}

// One step by MPI_Allreduce; returns what its time would be with perfect overlap.
double allreduce_step(const Settings& settings, const Pass& pass, const Communicator& world,
                      std::span<const Range> buckets, float* sum) {
  for (Index m = 0; m < settings.micro_batches; ++m) {
    for (const double layer : pass.forward) compute(layer);
    for (const Announcement& layer : pass.backward) compute(layer.seconds);
  }
  double time = static_cast<double>(settings.micro_batches - 1) * settings.pass;
  for (const double layer : pass.forward) time += layer;
  double network = 0;
  std::size_t bucket = 0;
  for (const Announcement& layer : pass.backward) {
    time += layer.seconds;
    for (; bucket < buckets.size() && buckets[bucket].begin >= layer.watermark; ++bucket) {
      const double begin = MPI_Wtime();
      if (world.size() > 1) {
        MPI_Allreduce(MPI_IN_PLACE, sum + buckets[bucket].begin,
                      static_cast<int>(buckets[bucket].size()), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      }
      network = std::max(network, time) + MPI_Wtime() - begin;
    }
  }
  const double begin = MPI_Wtime();
  sum_scalars();
  const double rest = MPI_Wtime() - begin;
  compute(settings.update);
  return std::max(time, network) + rest + settings.update;
}

int simulate(int argc, char** argv) {
  const Settings settings = read_settings(argc, argv);
  if (settings.widths.size() < 2) {
    std::fputs("simulate: --widths names no layers\n", stderr);
    return 64;
  }
  const auto world = Communicator::world();
  const Pass pass = make_pass(settings);
  Buffer<float> sum(pass.arena);
  Buffer<float> parameters(pass.arena);
  const Index leaves = settings.micro_batches * world.size();
  const Index bucket_bytes = settings.bucket_bytes * settings.wire_bytes / 4;
  std::vector<BucketPart> parts;
  for (const Range node : maximal_nodes(even_part(leaves, world.size(), world.rank()), leaves))
    parts.push_back({node, sum.data()});
  ActiveRows rows;
  if (settings.active < 1) rows = active_rows(settings);
  std::unique_ptr<Reducer> reducer;
  if (settings.tree)
    reducer = make_tree_reducer(
        world, {leaves, bucket_bytes, sum.span(), parameters.span(), Wire::fp32,
                settings.hide_gather ? pass.ends.front() : 0, settings.round_bits, !rows.empty()});
  const auto buckets = make_buckets(pass.arena, bucket_bytes);

  double overlapped = 0;
  double begin = 0;
  for (Index step = -settings.warm_up; step < settings.steps; ++step) {
    if (step == 0) {
      begin = MPI_Wtime();
      overlapped = 0;
    }
    if (settings.tree) {
      tree_step(settings, pass, world, *reducer, parts, sum.data(), rows);
    } else {
      overlapped += allreduce_step(settings, pass, world, buckets, sum.data());
    }
  }
  double step = world.max((MPI_Wtime() - begin) / static_cast<double>(settings.steps));
  if (!settings.tree && settings.overlap)
    step = world.max(overlapped / static_cast<double>(settings.steps));
  if (world.is_root()) {
    std::printf(
        "{\"ranks\": %d, \"micro_batches\": %ld, \"reduction\": \"%s\", \"overlap\": %s, "
        "\"wire_bytes\": %ld, "
        "\"bucket_bytes\": %ld, "
        "\"buckets\": %zu, \"arena_floats\": %ld, \"pass_ms\": %.6g, \"update_ms\": %.6g, "
        "\"step_ms\": %.6f}\n",
        world.size(), settings.micro_batches, settings.tree ? "tree" : "allreduce",
        settings.overlap ? "true" : "false", settings.wire_bytes, settings.bucket_bytes,
        buckets.size(), pass.arena, settings.pass * 1e3, settings.update * 1e3, step * 1e3);
  }
  return 0;
}

}  // namespace
}  // namespace hourglass

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const int code = hourglass::simulate(argc, argv);
  MPI_Finalize();
  return code;
}
