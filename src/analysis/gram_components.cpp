#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "analysis/pca_components.hpp"
#include "math/linalg.hpp"

namespace hourglass {

namespace {

// Eigenvectors whose eigenvalue is this small beside the largest lose orthogonality in X^T u; below
// the second bound they are noise.
constexpr double small = 1e-4;
constexpr double nothing = 1e-13;

// N x width: the features `columns` of all samples.
std::vector<double> load_slab(const PcaData& data, Range columns) {
  std::vector<double> slab;
  slab.reserve(static_cast<std::size_t>(data.rows() * columns.size()));
  for_each_pca_block(data, {0, data.rows()}, [&](std::span<double> block, Index count) {
    for (Index r = 0; r < count; ++r) {
      const auto row = block.begin() + r * data.features();
      slab.insert(slab.end(), row + columns.begin, row + columns.end);
    }
  });
  return slab;
}

std::vector<double> means_of(std::span<const double> slab, Index rows, Index width) {
  std::vector<double> mean(static_cast<std::size_t>(width));
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < width; ++c)
      mean[static_cast<std::size_t>(c)] += slab[static_cast<std::size_t>(r * width + c)];
  }
  for (double& value : mean) value /= static_cast<double>(rows);
  return mean;
}

// Concatenates what the ranks hold.
std::vector<double> gather(const Communicator& communicator, std::span<const double> mine) {
  std::vector<double> all;
  for (const std::string& text : communicator.all_gather(
           std::string(reinterpret_cast<const char*>(mine.data()), mine.size_bytes()))) {
    const std::size_t begin = all.size();
    all.resize(begin + text.size() / sizeof(double));
    if (!text.empty()) std::memcpy(all.data() + begin, text.data(), text.size());
  }
  return all;
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Twice, by which it is orthogonal to rounding.
void make_orthogonal_to(const std::vector<std::span<double>>& others, std::span<double> vector) {
  for (int repeat = 0; repeat < 2; ++repeat) {
    for (const auto& other : others) {
      const double share = dot(other, vector);
      for (std::size_t i = 0; i < vector.size(); ++i) vector[i] -= share * other[i];
    }
  }
}

void make_unit(std::span<double> vector) {
  const double length = std::sqrt(dot(vector, vector));
  for (double& value : vector) value /= length;
}

// Any unit vector orthogonal to the others, of which there are fewer than features: the variance
// along it is 0.
void complete(const std::vector<std::span<double>>& others, std::span<double> vector) {
  for (std::size_t axis = 0; axis < vector.size(); ++axis) {
    std::ranges::fill(vector, 0.0);
    vector[axis] = 1;
    make_orthogonal_to(others, vector);
    // Of D axes some keep this much of themselves.
    if (dot(vector, vector) * static_cast<double>(vector.size()) >=
        0.5 * static_cast<double>(vector.size() - others.size()))
      break;
  }
  make_unit(vector);
}

}  // namespace

Index gram_slabs(Index rows, Index features) {
  constexpr Index most_bytes = Index{128} << 20;
  constexpr Index fewest_features = 512;
  const Index bytes = rows * features * static_cast<Index>(sizeof(double));
  const Index needed = (bytes + most_bytes - 1) / most_bytes;
  // A few for the ranks and threads to share.
  const Index wanted = std::min<Index>(pca_parts / 2, features / fewest_features);
  return std::clamp<Index>(std::max(needed, wanted), 1, features);
}

PrincipalComponents gram_components(const PcaData& data, Index components) {
  const Index rows = data.rows();
  const Index features = data.features();
  const auto samples = static_cast<double>(rows);
  const Index slabs = gram_slabs(rows, features);
  const Communicator& communicator = data.communicator;
  const Range mine = even_part(slabs, communicator.size(), communicator.rank());
  const Index first = mine.size() > 0 ? even_part(features, slabs, mine.begin).begin : 0;
  const Index end = mine.size() > 0 ? even_part(features, slabs, mine.end - 1).end : 0;
  std::vector<double> my_mean(static_cast<std::size_t>(end - first));
  const auto centred_slab = [&](Range columns) {
    std::vector<double> slab = load_slab(data, columns);
    const std::vector<double> mean = means_of(slab, rows, columns.size());
    std::ranges::copy(mean, my_mean.begin() + (columns.begin - first));
    subtract_mean(slab, rows, mean);
    return slab;
  };
  PrincipalComponents result;
  result.samples = rows;
  std::vector<double> gram =
      fold_parts(data, slabs, rows * rows, [&](Index s, std::span<double> sum) {
        const Range columns = even_part(features, slabs, s);
        add_row_gram(rows, columns.size(), centred_slab(columns), sum);
      });
  result.mean = gather(communicator, my_mean);
  for (Index r = 0; r < rows; ++r)
    result.total_variance += gram[static_cast<std::size_t>(r * rows + r)] / samples;
  Eigenpairs pairs;
  collectively(communicator, [&] {
    if (communicator.is_root()) pairs = largest_eigenpairs(rows, gram, components);
  });
  pairs.values.resize(static_cast<std::size_t>(components));
  pairs.vectors.resize(static_cast<std::size_t>(components * rows));
  communicator.broadcast(std::as_writable_bytes(std::span(pairs.values)));
  communicator.broadcast(std::as_writable_bytes(std::span(pairs.vectors)));
  // Column by column of the components: each slab is complete by itself.
  std::vector<double> my_columns(static_cast<std::size_t>((end - first) * components));
  static_cast<void>(fold_parts(data, slabs, 0, [&](Index s, std::span<double>) {
    const Range columns = even_part(features, slabs, s);
    const std::vector<double> slab = centred_slab(columns);
    std::vector<double> part(static_cast<std::size_t>(columns.size() * components));
    // (width x rows) (rows x K)
    multiply(true, true, columns.size(), components, rows, slab, pairs.vectors, 0, part);
    std::ranges::copy(part, my_columns.begin() + (columns.begin - first) * components);
  }));
  const std::vector<double> columns = gather(communicator, my_columns);
  result.components.resize(static_cast<std::size_t>(components * features));
  for (Index c = 0; c < features; ++c) {
    for (Index k = 0; k < components; ++k)
      result.components[static_cast<std::size_t>(k * features + c)] =
          columns[static_cast<std::size_t>(c * components + k)];
  }
  std::vector<std::span<double>> finished;
  for (Index k = 0; k < components; ++k) {
    const auto vector =
        std::span(result.components)
            .subspan(static_cast<std::size_t>(k * features), static_cast<std::size_t>(features));
    const double value = std::max(0.0, pairs.values[static_cast<std::size_t>(k)]);
    const double largest = pairs.values.front();
    if (!(value > nothing * largest)) {
      complete(finished, vector);
    } else {
      make_unit(vector);
      if (value < small * largest) {
        make_orthogonal_to(finished, vector);
        make_unit(vector);
      }
    }
    fix_sign(vector);
    finished.push_back(vector);
    result.variance.push_back(value / samples);
  }
  return result;
}

}  // namespace hourglass
