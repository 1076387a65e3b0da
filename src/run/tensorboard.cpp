#include "run/tensorboard.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/buffer.hpp"
#include "data/finite_rows.hpp"
#include "formats/image.hpp"
#include "model/paired_target.hpp"
#include "model/unit_use.hpp"
#include "nn/image_shape.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

constexpr Index code_samples = 1000;
constexpr Index shown_samples = 8;
constexpr Index micro_batch = 128;

/// The shape that samples are drawn in: the model's, a square, or a row.
ImageShape drawn_shape(const Autoencoder& model) {
  const ImageShape& image = model.spec().image;
  const bool drawable = image.known() && image.size() == model.outputs() &&
                        (image.channels == 1 || image.channels == 3);
  if (drawable) return image;
  const auto side =
      static_cast<Index>(std::lround(std::sqrt(static_cast<double>(model.outputs()))));
  if (side * side == model.outputs()) return {side, side, 1};
  return {1, model.outputs(), 1};
}

/// A row of images: [0, 1] from black to white, missing elements black.
void draw_row(ConstMatrix samples, const ImageShape& shape, DecodedImage& picture, Index top) {
  for (Index i = 0; i < samples.rows; ++i) {
    for (Index f = 0; f < samples.columns; ++f) {
      const Index pixel = f / shape.channels;
      const Index row = top + pixel / shape.width;
      const Index column = i * (shape.width + 1) + pixel % shape.width;
      const float sample = samples(i, f);
      const float value = std::isnan(sample) ? 0.0F : std::clamp(sample, 0.0F, 1.0F);
      picture.values[static_cast<std::size_t>((row * picture.width + column) * shape.channels +
                                              f % shape.channels)] =
          static_cast<std::byte>(std::lround(value * 255.0F));
    }
  }
}

}  // namespace

TensorBoard::TensorBoard(const std::string& folder, Index first_step, const Autoencoder& model,
                         const DatasetReader& samples, const InputTransform& transform)
    : file_(folder, first_step), model_(model), samples_(samples), transform_(transform) {}

void TensorBoard::write(const MetricsRecord& record, std::span<const float> parameters) {
  const auto scalar = [&](const std::string& name, double value) {
    file_.scalar(record.kind + "/" + name, record.step, value);
  };
  scalar("loss", record.loss);
  scalar("sse", record.sse);
  scalar("penalty", record.penalty);
  if (record.validation_sse) scalar("validation_sse", *record.validation_sse);
  for (const auto& [prefix, divergences] :
       {std::pair<std::string, const std::vector<double>&>{"", record.unit_kl},
        {"validation_", record.validation_unit_kl}}) {
    if (divergences.empty()) continue;
    const CodeUse use = code_use(divergences);
    scalar(prefix + "kl", use.divergence);
    scalar(prefix + "units_used", static_cast<double>(use.used_units));
    file_.histogram(record.kind + "/" + prefix + "unit_kl", record.step,
                    std::vector<float>(divergences.begin(), divergences.end()));
  }
  if (record.sparse_use) write_use(record, *record.sparse_use);
  scalar("learning_rate", record.learning_rate);
  scalar("gradient_norm", record.gradient_norm);
  scalar("samples_per_second", record.samples_per_second);
  scalar("seconds_compute", record.seconds_compute);
  scalar("seconds_exchange_exposed", record.seconds_exchange_exposed);
  scalar("seconds_input_wait", record.seconds_input_wait);
  scalar("resident_bytes", static_cast<double>(record.resident_bytes));
  if (record.kind == "epoch") {
    write_tensors(record.step, parameters);
    write_samples(record.step, parameters);
  }
  file_.flush();
}

void TensorBoard::write_use(const MetricsRecord& record, const SparseUse& use) {
  const auto scalar = [&](const std::string& name, double value) {
    // Of equal samples there is no fraction of variance.
    if (std::isfinite(value)) file_.scalar(record.kind + "/" + name, record.step, value);
  };
  scalar("l0", use.active_units);
  scalar("fvu", use.unexplained);
  if (use.validation_unexplained) scalar("validation_fvu", *use.validation_unexplained);
  scalar("dead_share", use.dead_share());
  if (use.nearest_cosine) scalar("nearest_cosine", *use.nearest_cosine);
  // TensorBoard makes bins of values: each unit stands for the decade of its use, -7 for never.
  std::vector<float> decades;
  for (std::size_t bin = 0; bin < use.use_histogram.size(); ++bin) {
    decades.insert(decades.end(), static_cast<std::size_t>(use.use_histogram[bin]),
                   static_cast<float>(bin) - static_cast<float>(use_bins - 1));
  }
  if (!decades.empty()) file_.histogram(record.kind + "/log10_use", record.step, decades);
}

void TensorBoard::write_tensors(Index step, std::span<const float> parameters) {
  for (const Tensor& tensor : model_.layout().tensors()) {
    file_.histogram("parameters/" + tensor.name, step,
                    parameters.subspan(static_cast<std::size_t>(tensor.offset),
                                       static_cast<std::size_t>(tensor.size)));
  }
}

void TensorBoard::write_samples(Index step, std::span<const float> parameters) {
  const DatasetInfo& info = samples_.info();
  const Index count = std::min(code_samples, info.rows());
  Workspace workspace = model_.make_workspace(micro_batch);
  Buffer<std::byte> stored(micro_batch * info.row_bytes());
  Buffer<float> normalised(micro_batch * model_.sample_width());
  std::vector<float> codes;
  for (Index begin = 0; begin < count; begin += micro_batch) {
    const Range rows{begin, std::min(count, begin + micro_batch)};
    read_finite_rows(samples_, rows,
                     stored.span().first(static_cast<std::size_t>(rows.size() * info.row_bytes())),
                     transform_.missing);
    const Matrix x(normalised.data(), rows.size(), model_.sample_width());
    for (Index r = 0; r < rows.size(); ++r)
      convert_row(info.type, stored.data() + r * info.row_bytes(), transform_, x.row(r));
    const ConstMatrix h = model_.encode(parameters.data(), x, workspace);
    for (Index r = 0; r < h.rows; ++r) codes.insert(codes.end(), h.row(r).begin(), h.row(r).end());
    if (begin > 0) continue;
    const Index shown = std::min(shown_samples, rows.size());
    const ImageShape shape = drawn_shape(model_);
    DecodedImage picture{
        2 * shape.height + 1, shown * (shape.width + 1) - 1, shape.channels, 8, {}};
    picture.values.assign(static_cast<std::size_t>(picture.size()), std::byte{0});
    draw_row(target_of(model_.spec(), x).first_rows(shown), shape, picture, 0);
    draw_row(model_.reconstruct(parameters.data(), x, workspace).first_rows(shown), shape, picture,
             shape.height + 1);
    const auto png = encode_png(picture);
    file_.image("samples above reconstructions", step, picture.height, picture.width,
                picture.channels, {reinterpret_cast<const char*>(png.data()), png.size()});
  }
  file_.histogram("codes", step, codes);
}

}  // namespace hourglass
