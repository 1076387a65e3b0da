#include "analysis/sample_study.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/column_errors.hpp"
#include "analysis/feature_errors.hpp"
#include "data/finite_rows.hpp"
#include "data/labels.hpp"
#include "data/original_units.hpp"
#include "engine/inference.hpp"
#include "hdf5/row_numbers.hpp"
#include "math/squared_distance.hpp"
#include "model/paired_target.hpp"
#include "nn/network.hpp"

namespace hourglass {

namespace {

constexpr Index batch = 128;

void read_samples(const InputTransform& transform, const DatasetReader& reader,
                  const SampleStudy& study, Buffer<float>& samples) {
  const DatasetInfo& info = reader.info();
  std::vector<std::byte> stored(static_cast<std::size_t>(info.row_bytes()));
  const Matrix x(samples.data(), study.size(), info.features());
  for (Index i = 0; i < study.size(); ++i) {
    const Index row = study.rows[static_cast<std::size_t>(i)];
    read_finite_rows(reader, {row, row + 1}, stored, transform.missing);
    convert_row(info.type, stored.data(), transform, x.row(i));
  }
}

void study_features(const Model& model, const DatasetInfo& info, const InputTransform& transform,
                    SampleStudy& study) {
  const bool named = !model.config.columns.empty() || !info.feature_names.empty() ||
                     (model.identity && !model.identity->feature_names.empty());
  if (!named) return;
  const ConstMatrix x = study.originals_view();
  const ConstMatrix y = study.reconstructions_view();
  if (model.config.columns.empty()) {
    const auto names = names_of_features(model, info);
    const FeatureErrors errors = feature_errors(x, y);
    const double sum = std::accumulate(errors.mse.begin(), errors.mse.end(), 0.0);
    for (std::size_t f = 0; f < names.size(); ++f) {
      const double unit = original_unit(transform, f);
      study.by_feature.push_back({names[f], std::sqrt(errors.mse[f]) * unit, errors.bias[f] * unit,
                                  sum > 0 ? errors.mse[f] / sum : 0});
    }
    return;
  }
  const FeatureErrors errors = feature_errors(x, y);
  const double sum = std::accumulate(errors.mse.begin(), errors.mse.end(), 0.0);
  for (const ColumnError& column : column_errors(model, transform, x, y)) {
    const Range features = column.column->features;
    StudiedFeature studied{column.column->name};
    for (Index f = features.begin; f < features.end; ++f)
      studied.share += sum > 0 ? errors.mse[static_cast<std::size_t>(f)] / sum : 0;
    const ColumnKind kind = column.column->kind;
    if (kind == ColumnKind::category || kind == ColumnKind::boolean) {
      studied.wrong = column.error;
    } else {
      const auto f = static_cast<std::size_t>(features.begin);
      studied.rmse = column.error;
      studied.bias = errors.bias[f] * original_unit(transform, f);
    }
    study.by_feature.push_back(studied);
  }
}

void run_model(const Model& model, const DatasetInfo& info, const InputTransform& transform,
               const Buffer<float>& samples, SampleStudy& study) {
  const Index width = info.features();
  Workspace workspace = model.network->make_workspace(batch);
  for (Index begin = 0; begin < study.size(); begin += batch) {
    const Index rows = std::min(batch, study.size() - begin);
    const ConstMatrix x(samples.data() + begin * width, rows, width);
    const ConstMatrix codes = model.network->encode(model.parameters.data(), x, workspace);
    for (Index i = 0; i < rows; ++i)
      std::ranges::copy(codes.row(i), study.codes.data() + (begin + i) * study.code_size);
    const ConstMatrix y = model.network->reconstruct(model.parameters.data(), x, workspace);
    const ConstMatrix target = target_of(model.network->spec(), x);
    for (Index i = 0; i < rows; ++i) {
      std::ranges::copy(target.row(i), study.originals.data() + (begin + i) * study.features);
      std::ranges::copy(y.row(i), study.reconstructions.data() + (begin + i) * study.features);
      study.errors.push_back(present_squared_distance(y.row(i), target.row(i)));
    }
  }
  study_features(model, info, transform, study);
  // From here on the originals are looked at.
  if (const MissingInput* const missing = model.network->missing_input())
    missing->fill({study.originals.data(), study.size(), study.features});
}

}  // namespace

std::string SampleStudy::name_of(std::int64_t label) const {
  return Labels{"", {}, class_names}.name_of(label);
}

std::vector<Index> SampleStudy::by_error() const {
  std::vector<Index> order(rows.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, [&](Index i) { return errors[static_cast<std::size_t>(i)]; });
  return order;
}

SampleStudy study_samples(const Model& model, const DatasetReader& reader, Index count,
                          const std::optional<DatasetAddress>& labels,
                          const InputTransform* transform) {
  const DatasetInfo& info = reader.info();
  check_features(info, model.network->sample_width());
  SampleStudy study;
  study.data = to_string(info.address);
  study.available = info.rows();
  study.features = model.network->outputs();
  study.code_size = model.network->code_size();
  const Index n = std::min(count, info.rows());
  for (Index i = 0; i < n; ++i) study.rows.push_back(even_part(info.rows(), n, i).begin);
  study.originals = Buffer<float>(n * study.features);
  study.reconstructions = Buffer<float>(n * study.features);
  study.codes = Buffer<float>(n * study.code_size);
  const InputTransform& used = transform != nullptr ? *transform : model.transform;
  Buffer<float> samples(n * info.features());
  read_samples(used, reader, study, samples);
  run_model(model, info, used, samples, study);
  const LabelsBeside beside = labels ? LabelsBeside{labels, ""} : labels_beside(info);
  if (beside.address) {
    const Labels all = read_labels(*beside.address, info.rows());
    for (const Index row : study.rows)
      study.labels.push_back(all.values[static_cast<std::size_t>(row)]);
    study.class_names = all.names;
  } else if (!beside.reason.empty()) {
    study.label_remark = beside.reason;
  }
  const RowNumbers numbers(reader);
  for (Index& row : study.rows) row = numbers.of(row);
  return study;
}

}  // namespace hourglass
