#include "report/image_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/number_text.hpp"
#include "hourglass/core/owned_matrix.hpp"
#include "report/chart.hpp"
#include "report/image_sheet.hpp"
#include "report/png.hpp"

namespace hourglass {

namespace {

constexpr Index images_per_figure = 10;
constexpr Index traversal_steps = 9;
constexpr Index most_filters = 64;
constexpr Index most_channels = 4;

// The values shown black and white: [0, 1] if it contains the samples, else their own range.
std::pair<float, float> value_range(const SampleStudy& study) {
  const auto [low, high] = std::ranges::minmax_element(study.originals.span());
  if (low == study.originals.span().end() || (*low >= 0 && *high <= 1)) return {0.0F, 1.0F};
  return {*low, *high};
}

// Small images are enlarged.
Index scale_for(const ImageShape& shape) {
  return std::clamp<Index>(56 / std::max<Index>(1, shape.width), 1, 4);
}

Figure image_pair_figure(const SampleStudy& study, std::span<const Index> samples,
                         const ImageShape& shape, const std::string& caption) {
  const auto n = static_cast<Index>(samples.size());
  Buffer<float> rows(2 * n * study.features);
  const Matrix sheet(rows.data(), 2 * n, study.features);
  for (Index i = 0; i < n; ++i) {
    std::ranges::copy(study.originals_view().row(samples[static_cast<std::size_t>(i)]),
                      sheet.row(i).begin());
    std::ranges::copy(study.reconstructions_view().row(samples[static_cast<std::size_t>(i)]),
                      sheet.row(n + i).begin());
  }
  const auto [low, high] = value_range(study);
  return {png_element(image_sheet(sheet, shape, n, low, high), caption, scale_for(shape)), caption};
}

// The curve of every `stride`-th feature from `first` on.
Figure curve_figure(const SampleStudy& study, Index sample, Range features, Index stride,
                    const std::string& caption) {
  LineChart chart;
  chart.title = caption;
  chart.x.label = stride == 1 && features.size() == study.features ? "feature" : "time";
  chart.y.label = "normalised value";
  chart.series = {{"original", {}, SeriesStyle::line, std::nullopt},
                  {"reconstruction", {}, SeriesStyle::line, std::nullopt}};
  for (Index f = features.begin; f < features.end; f += stride) {
    ChartPoint point;
    point.x = static_cast<double>((f - features.begin) / stride);
    point.y = static_cast<double>(study.originals_view()(sample, f));
    chart.series[0].points.push_back(point);
    point.y = static_cast<double>(study.reconstructions_view()(sample, f));
    chart.series[1].points.push_back(point);
  }
  const auto [low, high] = value_range(study);
  chart.y.lowest = std::min(0.0, static_cast<double>(low));
  if (chart.series[0].points.size() <= 40)
    chart.series[0].style = chart.series[1].style = SeriesStyle::line_and_markers;
  return {svg_of(chart), caption};
}

void add_curves(const SampleStudy& study, Index sample, const ImageShape& shape,
                const std::string& caption, std::vector<Figure>& figures) {
  const bool series = shape.known() && shape.dimensions == 1 && shape.size() == study.features;
  if (!series || shape.channels == 1) {
    figures.push_back(curve_figure(study, sample, {0, study.features}, 1, caption));
    return;
  }
  for (Index c = 0; c < std::min(most_channels, shape.channels); ++c) {
    figures.push_back(
        curve_figure(study, sample, {c, study.features}, shape.channels,
                     fmt::format("{}, channel {} of {}", caption, c, shape.channels)));
  }
}

// Decoded rows of `codes` as images, traversal_steps per line.
Figure decoded_figure(const Model& model, const SampleStudy& study, ConstMatrix codes,
                      const ImageShape& shape, const std::string& caption) {
  Buffer<float> rows(codes.rows * study.features);
  const Matrix sheet(rows.data(), codes.rows, study.features);
  Workspace workspace = model.network->make_workspace(codes.rows);
  const ConstMatrix decoded = model.network->decode(model.parameters.data(), codes, workspace);
  for (Index i = 0; i < codes.rows; ++i) std::ranges::copy(decoded.row(i), sheet.row(i).begin());
  const auto [low, high] = value_range(study);
  return {
      png_element(image_sheet(sheet, shape, traversal_steps, low, high), caption, scale_for(shape)),
      caption};
}

// Incoming weights, a row for each unit, and their shape as an image.
struct Filters {
  OwnedMatrix rows;
  ImageShape shape;
  Index scale = 1;
};

// The kernels of a convolution. Those of a series are drawn as an image: a row for each channel.
Filters kernels_of(const Tensor& weight, const float* values, const Window& window) {
  const Index channels = weight.shape[1];
  const Index places = window.kernel.product();
  Filters filters{OwnedMatrix(weight.shape[0], channels * places), {}, 4};
  const bool series = window.dimensions == 1;
  filters.shape = series ? ImageShape{channels, places, 1}
                         : ImageShape{window.kernel.height, window.kernel.width, channels,
                                      window.kernel.depth, window.dimensions};
  for (Index unit = 0; unit < weight.shape[0]; ++unit) {
    const auto row = filters.rows.view().row(unit);
    const float* kernel = values + unit * channels * places;
    for (Index c = 0; c < channels; ++c) {
      for (Index place = 0; place < places; ++place) {
        const Index at = series ? c * places + place : place * channels + c;
        row[static_cast<std::size_t>(at)] = kernel[c * places + place];
      }
    }
  }
  return filters;
}

Filters first_filters(const Model& model, const ImageShape& shape) {
  const Tensor& first = model.network->layout().tensors().front();
  const float* const values = model.parameters.data() + first.offset;
  const LayerSpec& layer = model.network->spec().encoder[1];
  if (layer.kind == LayerSpec::Kind::convolution) return kernels_of(first, values, layer.window);
  if (first.shape.size() != 2 || !is_drawable(shape, first.shape[1])) return {};
  Filters filters{OwnedMatrix(first.shape[0], first.shape[1]), shape,
                  std::clamp<Index>(scale_for(shape), 1, 2)};
  std::copy_n(values, first.size, filters.rows.view().data);
  return filters;
}

std::string error_text(const SampleStudy& study, Index sample) {
  return fmt::format("{} (row {})", decimal_text(study.errors[static_cast<std::size_t>(sample)], 3),
                     study.rows[static_cast<std::size_t>(sample)]);
}

}  // namespace

bool is_drawable(const ImageShape& shape, Index features) {
  return shape.known() && shape.dimensions > 1 && shape.size() == features;
}

std::vector<Figure> reconstruction_figures(const SampleStudy& study, const ImageShape& shape) {
  const std::vector<Index> order = study.by_error();
  const auto n = static_cast<Index>(order.size());
  if (n == 0) return {};
  const bool images = is_drawable(shape, study.features);
  const Index count = std::min(images ? images_per_figure : Index{1}, n);
  std::vector<Figure> figures;
  const std::pair<const char*, Index> parts[] = {
      {"Smallest", 0}, {"Middle", (n - count) / 2}, {"Largest", n - count}};
  for (const auto& [name, first] : parts) {
    const auto samples =
        std::span(order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    if (images) {
      figures.push_back(image_pair_figure(
          study, samples, shape,
          fmt::format("{} errors: originals above, reconstructions below{}; sse from {} to {}",
                      name, shape.dimensions == 3 ? ", of each volume the middle layer" : "",
                      error_text(study, samples.front()), error_text(study, samples.back()))));
    } else {
      add_curves(study, samples.front(), shape,
                 fmt::format("{} error: sse {}", name, error_text(study, samples.front())),
                 figures);
    }
  }
  return figures;
}

Figure traversal_figure(const Model& model, const SampleStudy& study,
                        std::span<const UnitStatistics> units, const ImageShape& shape) {
  std::vector<UnitStatistics> order(units.begin(), units.end());
  std::ranges::stable_sort(order, std::ranges::greater{}, &UnitStatistics::deviation);
  order.resize(std::min<std::size_t>(order.size(), 8));
  const auto lines = static_cast<Index>(order.size());
  Buffer<float> storage(lines * traversal_steps * study.code_size);
  const Matrix codes(storage.data(), lines * traversal_steps, study.code_size);
  std::string names;
  for (Index i = 0; i < lines; ++i) {
    const UnitStatistics& unit = order[static_cast<std::size_t>(i)];
    names += fmt::format("{}{}", i > 0 ? ", " : "", unit.unit);
    for (Index k = 0; k < traversal_steps; ++k) {
      const auto row = codes.row(i * traversal_steps + k);
      for (const UnitStatistics& other : units)
        row[static_cast<std::size_t>(other.unit)] = static_cast<float>(other.mean);
      const double step =
          4.0 * static_cast<double>(k) / static_cast<double>(traversal_steps - 1) - 2.0;
      row[static_cast<std::size_t>(unit.unit)] =
          static_cast<float>(unit.mean + step * unit.deviation);
    }
  }
  return decoded_figure(model, study, codes, shape,
                        fmt::format("Latent traversal: from left to right a unit goes from -2 to "
                                    "+2 standard deviations, the others at "
                                    "their means; from top to bottom units {}",
                                    names));
}

Figure interpolation_figure(const Model& model, const SampleStudy& study, const ImageShape& shape) {
  const Index lines = std::min<Index>(5, study.size() / 2);
  Buffer<float> storage(std::max<Index>(1, lines) * traversal_steps * study.code_size);
  const Matrix codes(storage.data(), lines * traversal_steps, study.code_size);
  for (Index i = 0; i < lines; ++i) {
    const auto from = study.codes_view().row(i * study.size() / (2 * lines));
    const auto to = study.codes_view().row(study.size() / 2 + i * study.size() / (2 * lines));
    for (Index k = 0; k < traversal_steps; ++k) {
      const float t = static_cast<float>(k) / static_cast<float>(traversal_steps - 1);
      for (std::size_t j = 0; j < from.size(); ++j)
        codes.row(i * traversal_steps + k)[j] = (1 - t) * from[j] + t * to[j];
    }
  }
  return decoded_figure(model, study, codes, shape,
                        "Interpolation: each line goes in even steps from the code of one sample "
                        "(left) to that of another (right)");
}

std::vector<Figure> filter_figures(const Model& model, const ImageShape& shape) {
  const Filters filters = first_filters(model, shape);
  if (filters.rows.view().empty()) return {};
  const ConstMatrix weights = filters.rows;
  std::vector<float> largest(static_cast<std::size_t>(weights.rows));
  std::vector<double> norms(static_cast<std::size_t>(weights.rows));
  for (Index i = 0; i < weights.rows; ++i) {
    for (const float w : weights.row(i)) {
      largest[static_cast<std::size_t>(i)] =
          std::max(largest[static_cast<std::size_t>(i)], std::abs(w));
      norms[static_cast<std::size_t>(i)] += static_cast<double>(w) * static_cast<double>(w);
    }
  }
  std::vector<std::size_t> order(norms.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return norms[i]; });
  const Index count = std::min(most_filters, weights.rows);
  Buffer<float> rows(count * weights.columns);
  const Matrix sheet(rows.data(), count, weights.columns);
  for (Index i = 0; i < count; ++i) {
    const std::size_t unit = order[static_cast<std::size_t>(i)];
    // Each filter has its own scale: grey is 0, white its largest magnitude, black the negative of
    // it.
    const float scale = largest[unit] > 0 ? 1 / largest[unit] : 0;
    std::ranges::transform(weights.row(static_cast<Index>(unit)), sheet.row(i).begin(),
                           [&](float w) { return w * scale; });
  }
  const std::string caption = fmt::format(
      "First-layer filters: incoming weights of the {} units of largest norm (of {}); grey is 0, "
      "lighter positive, darker "
      "negative, each "
      "to its own scale",
      count, weights.rows);
  return {
      {png_element(image_sheet(sheet, filters.shape, 16, -1, 1), caption, filters.scale), caption}};
}

}  // namespace hourglass
