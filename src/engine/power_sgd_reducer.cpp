#include "engine/power_sgd_reducer.hpp"

#include <algorithm>
#include <cmath>

#include "core/tree_sum.hpp"
#include "hourglass/core/error.hpp"
#include "math/blas.hpp"

namespace hourglass {

namespace {

constexpr const char* factor_group = "/optimizer/powersgd_factor";
constexpr const char* loss_group = "/optimizer/powersgd_loss";
// What is left of a vector that depends on the ones before it is rounding error.
constexpr double smallest_remainder = 1e-5;

// In eight partial sums, so that the order of additions is fixed and the loop still vectorises.
double dot(const float* a, const float* b, Index size) {
  double sums[8] = {};
  Index i = 0;
  for (; i + 8 <= size; i += 8) {
    for (Index lane = 0; lane < 8; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  }
  for (; i < size; ++i) sums[i % 8] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

void scale(float* vector, Index size, double factor) {
  for (Index i = 0; i < size; ++i)
    vector[i] = static_cast<float>(static_cast<double>(vector[i]) * factor);
}

// Modified Gram-Schmidt on the rows; a row that depends on the ones before it becomes 0.
void orthonormalize(Matrix vectors) {
  for (Index r = 0; r < vectors.rows; ++r) {
    float* vector = vectors.data + r * vectors.columns;
    const double before = std::sqrt(dot(vector, vector, vectors.columns));
    for (Index k = 0; k < r; ++k) {
      const float* other = vectors.data + k * vectors.columns;
      const auto share = static_cast<float>(dot(vector, other, vectors.columns));
      for (Index i = 0; i < vectors.columns; ++i) vector[i] -= share * other[i];
    }
    const double norm = std::sqrt(dot(vector, vector, vectors.columns));
    // A NaN stays one.
    const bool dependent = norm <= smallest_remainder * before;
    scale(vector, vectors.columns, dependent ? 0.0 : 1.0 / norm);
  }
}

}  // namespace

PowerSgdReducer::PowerSgdReducer(const Communicator& communicator, const ReducerSettings& settings,
                                 const Layout& layout, Index rank, WorkerPool& pool)
    : communicator_(communicator),
      settings_(settings),
      pool_(pool),
      rank_(rank),
      arena_floats_(layout.size()),
      leaves_(even_part(settings.leaves, communicator.size(), communicator.rank())),
      nodes_(maximal_nodes(leaves_, settings.leaves)),
      random_(0, Purpose::compression) {
  require(arena_floats_ == static_cast<Index>(settings.sum.size()), "arenas of different sizes");
  if (arena_floats_ > 0) buckets_.push_back({0, arena_floats_});
  Index left_floats = 0;
  Index right_floats = 0;
  for (std::size_t slot = 0; slot < layout.tensors().size(); ++slot) {
    const Tensor& tensor = layout.tensors()[slot];
    const Index rows = tensor.shape.front();
    const Index columns = tensor.size / rows;
    if (2 * rank_ * (rows + columns) <= tensor.size) {
      factors_.push_back({tensor.offset, rows, columns, left_floats, right_floats});
      left_floats += round_up(rank_ * rows, cell_floats);
      right_floats += round_up(rank_ * columns, cell_floats);
    } else {
      const Range range = layout.range(static_cast<Slot>(slot));
      copies_.push_back({range, left_floats});
      left_floats += range.size();
    }
  }
  make_exchange(left_, left_floats);
  make_exchange(right_, right_floats);
  lost_ = Buffer<float>(factors_.empty() ? 0 : leaf_count() * arena_floats_);
  gradients_.resize(static_cast<std::size_t>(leaf_count()));
  terms_.reserve(gradients_.size());
  parts_.reserve(gradients_.size());
  reset_factors();
}

void PowerSgdReducer::make_exchange(Exchange& exchange, Index floats) {
  exchange.total = Buffer<float>(floats);
  exchange.leaves = Buffer<float>(leaf_count() * floats);
  // The sums are what is gathered.
  exchange.reducer = make_tree_reducer(
      communicator_,
      {settings_.leaves, settings_.bucket_bytes, exchange.total.span(), exchange.total.span()});
}

void PowerSgdReducer::reset_factors() {
  for (const Factors& factors : factors_) {
    for (Index vector = 0; vector < rank_; ++vector) fill_random(factors, vector);
  }
}

void PowerSgdReducer::fill_random(const Factors& factors, Index vector) {
  float* values = right_.total.data() + factors.right + vector * factors.columns;
  for (Index i = 0; i < factors.columns; i += 2) {
    const auto words =
        random_.bits(static_cast<std::uint64_t>(factors.offset), static_cast<std::uint32_t>(vector),
                     static_cast<std::uint32_t>(i / 2));
    const auto pair = normal_pair(words[0], words[1]);
    values[i] = pair[0];
    if (i + 1 < factors.columns) values[i + 1] = pair[1];
  }
  scale(values, factors.columns, 1.0 / std::sqrt(dot(values, values, factors.columns)));
}

void PowerSgdReducer::start_reduce(Index bucket, std::span<const BucketPart> parts) {
  require(bucket == 0 && !started_, "a bucket's exchange was started twice");
  require(static_cast<Index>(parts.size()) == leaf_count(), "low rank without all leaves");
  for (std::size_t leaf = 0; leaf < parts.size(); ++leaf) {
    require(parts[leaf].node.size() == 1 &&
                parts[leaf].node.begin == leaves_.begin + static_cast<Index>(leaf),
            "the parts of a bucket are not the rank's leaves");
    gradients_[leaf] = parts[leaf].data;
  }
  started_ = true;
}

void PowerSgdReducer::wait_reduce(Index /*bucket*/) {
  require(started_, "waiting for a bucket that was not started");
  if (reduced_) return;
  project();
  sum_over_leaves(left_);
  pool_.run([&](Index worker) {
    for (auto f = static_cast<std::size_t>(worker); f < factors_.size();
         f += static_cast<std::size_t>(pool_.size())) {
      orthonormalize({left_.total.data() + factors_[f].left, rank_, factors_[f].rows});
    }
  });
  back_project();
  sum_over_leaves(right_);
  reconstruct();
  scale_factors();
  reduced_ = true;
}

// P_s^T = Q^T D_s^T, after D_s = G_s + E_s took the place of -E_s.
void PowerSgdReducer::project() {
  pool_.run([&](Index worker) {
    for (Index leaf = worker; leaf < leaf_count(); leaf += pool_.size()) {
      const float* gradient = gradients_[static_cast<std::size_t>(leaf)];
      for (const Copy& copy : copies_)
        std::copy_n(gradient + copy.arena.begin, copy.arena.size(), left_.leaf(leaf) + copy.left);
      for (const Factors& factors : factors_) {
        float* sum = lost(leaf) + factors.offset;
        const float* given = gradient + factors.offset;
        for (Index i = 0; i < factors.rows * factors.columns; ++i) sum[i] = given[i] - sum[i];
        gemm(false, true, {right_.total.data() + factors.right, rank_, factors.columns},
             {sum, factors.rows, factors.columns}, 0,
             {left_.leaf(leaf) + factors.left, rank_, factors.rows});
      }
    }
  });
}

// Q_s^T = P^T D_s, after which -E_s = P Q_s^T - D_s takes the place of D_s.
void PowerSgdReducer::back_project() {
  pool_.run([&](Index worker) {
    for (Index leaf = worker; leaf < leaf_count(); leaf += pool_.size()) {
      for (const Factors& factors : factors_) {
        const Matrix left(left_.total.data() + factors.left, rank_, factors.rows);
        const Matrix right(right_.leaf(leaf) + factors.right, rank_, factors.columns);
        const Matrix sum(lost(leaf) + factors.offset, factors.rows, factors.columns);
        gemm(false, false, left, sum, 0, right);
        gemm(true, false, left, right, -1, sum);
      }
    }
  });
}

// The rank's maximal nodes are made in the memory of their first leaves.
void PowerSgdReducer::sum_over_leaves(Exchange& exchange) {
  const Index floats = exchange.total.size();
  if (floats == 0) return;
  for (const Range& node : nodes_) {
    terms_.clear();
    for (Index leaf = node.begin; leaf < node.end; ++leaf)
      terms_.push_back({{leaf, leaf + 1}, exchange.leaf(leaf - leaves_.begin)});
    tree_sum(node, terms_, exchange.leaf(node.begin - leaves_.begin), floats);
  }
  Reducer& reducer = *exchange.reducer;
  const auto count = static_cast<Index>(reducer.buckets().size());
  for (Index bucket = 0; bucket < count; ++bucket) {
    const Range range = reducer.buckets()[static_cast<std::size_t>(bucket)];
    parts_.clear();
    for (const Range& node : nodes_)
      parts_.push_back({node, exchange.leaf(node.begin - leaves_.begin) + range.begin});
    reducer.start_reduce(bucket, parts_);
  }
  for (Index bucket = 0; bucket < count; ++bucket) {
    reducer.wait_reduce(bucket);
    reducer.start_gather(bucket);
  }
  reducer.finish();
}

void PowerSgdReducer::reconstruct() {
  float* gradient = settings_.sum.data();
  for (const Copy& copy : copies_)
    std::copy_n(left_.total.data() + copy.left, copy.arena.size(), gradient + copy.arena.begin);
  pool_.run([&](Index worker) {
    for (auto f = static_cast<std::size_t>(worker); f < factors_.size();
         f += static_cast<std::size_t>(pool_.size())) {
      const Factors& factors = factors_[f];
      gemm(true, false, {left_.total.data() + factors.left, rank_, factors.rows},
           {right_.total.data() + factors.right, rank_, factors.columns}, 0,
           {gradient + factors.offset, factors.rows, factors.columns});
    }
  });
}

// Only the directions of Q matter for the next step. A vector that has vanished, because the
// gradient has had a lower rank or has been 0, starts anew.
void PowerSgdReducer::scale_factors() {
  for (const Factors& factors : factors_) {
    for (Index vector = 0; vector < rank_; ++vector) {
      float* values = right_.total.data() + factors.right + vector * factors.columns;
      const double norm = std::sqrt(dot(values, values, factors.columns));
      if (norm < 1e-30) {
        fill_random(factors, vector);
      } else {
        scale(values, factors.columns, 1.0 / norm);
      }
    }
  }
}

void PowerSgdReducer::start_gather(Index /*bucket*/) {
  require(reduced_, "gathering a bucket that is still being reduced");
}

void PowerSgdReducer::finish() {
  started_ = false;
  reduced_ = false;
}

Index PowerSgdReducer::bytes() const {
  const Index floats = left_.total.size() + left_.leaves.size() + right_.total.size() +
                       right_.leaves.size() + lost_.size();
  return floats * static_cast<Index>(sizeof(float)) + left_.reducer->bytes() +
         right_.reducer->bytes();
}

std::vector<StoredArena> PowerSgdReducer::stored(std::span<const StoredTensor> tensors) const {
  std::vector<StoredArena> arenas;
  if (factors_.empty()) return arenas;
  std::vector<StoredTensor> factor_tensors;
  std::vector<StoredTensor> lost_tensors;
  for (const Factors& factors : factors_) {
    const auto tensor = std::ranges::find(tensors, factors.offset, &StoredTensor::offset);
    require(tensor != tensors.end(), "a weight without a name");
    factor_tensors.push_back(
        {tensor->name, {rank_, factors.columns}, factors.right, rank_ * factors.columns});
  }
  for (Index leaf = 0; leaf < settings_.leaves; ++leaf) {
    for (const Factors& factors : factors_) {
      StoredTensor tensor = *std::ranges::find(tensors, factors.offset, &StoredTensor::offset);
      tensor.name = "shard/" + std::to_string(leaf) + "/" + tensor.name;
      tensor.offset += leaf * arena_floats_;
      lost_tensors.push_back(tensor);
    }
  }
  const Range factor_range{0, right_.total.size()};
  arenas.push_back(
      stored_segment(factor_group, {&factor_range, 1}, right_.total.span(), factor_tensors));
  const Range lost_range = lost_range_of_rank();
  arenas.push_back(stored_segment(loss_group, {&lost_range, 1}, lost_.span(), lost_tensors));
  return arenas;
}

void PowerSgdReducer::load(const StateFile& file) {
  if (factors_.empty()) return;
  const Range factor_range{0, right_.total.size()};
  read_arena_ranges(communicator_, file, factor_group, {&factor_range, 1}, right_.total.span());
  const Range lost_range = lost_range_of_rank();
  read_arena_ranges(communicator_, file, loss_group, {&lost_range, 1}, lost_.span());
}

}  // namespace hourglass
