#include "data/sparse_conversion.hpp"

#include <algorithm>

namespace hourglass {

namespace {

// The elements of `all` for some columns; none where there are none.
template <class T>
void pick(const std::vector<T>& all, std::span<const std::int32_t> columns,
          std::vector<T>& picked) {
  picked.clear();
  if (all.empty()) return;
  for (const std::int32_t column : columns) picked.push_back(all[static_cast<std::size_t>(column)]);
}

}  // namespace

bool holds_sparse(const DatasetInfo& info, const InputTransform& transform) {
  const std::vector<double>& missing = transform.missing.values;
  return info.entries.known() && std::ranges::find(missing, 0.0) == missing.end();
}

SparseConversion::SparseConversion(ElementType type, Index features,
                                   const InputTransform& transform)
    : type_(type), features_(features), transform_(&transform) {
  of_columns_.divisor = transform.divisor;
  of_columns_.missing.treatment = transform.missing.treatment;
  of_columns_.missing.values = transform.missing.values;
  if (transform.mean.empty()) return;
  const std::vector<std::byte> stored(static_cast<std::size_t>(features * size_of(type)));
  zeros_.resize(static_cast<std::size_t>(features));
  convert_row(type, stored.data(), transform, zeros_);
}

std::span<const float> SparseConversion::convert_values(std::span<const std::int32_t> columns,
                                                        const std::byte* values) {
  converted_.resize(columns.size());
  pick(transform_->mean, columns, of_columns_.mean);
  pick(transform_->inverse_deviation, columns, of_columns_.inverse_deviation);
  pick(transform_->exact_mean, columns, of_columns_.exact_mean);
  pick(transform_->missing.means, columns, of_columns_.missing.means);
  convert_row(type_, values, of_columns_, converted_);
  return converted_;
}

void SparseConversion::convert(std::span<const std::int32_t> columns, const std::byte* values,
                               std::span<float> row) {
  const auto converted = convert_values(columns, values);
  if (keeps_zeros()) {
    std::ranges::fill(row, 0.0F);
  } else {
    std::ranges::copy(zeros_, row.begin());
  }
  for (std::size_t i = 0; i < columns.size(); ++i)
    row[static_cast<std::size_t>(columns[i])] = converted[i];
}

void SparseConversion::append(std::span<const std::int32_t> columns, const std::byte* values,
                              SparseBatch& rows) {
  if (keeps_zeros()) {
    const auto converted = convert_values(columns, values);
    for (std::size_t i = 0; i < columns.size(); ++i) rows.add(columns[i], converted[i]);
  } else {
    std::vector<float> row(static_cast<std::size_t>(features_));
    convert(columns, values, row);
    for (Index c = 0; c < features_; ++c) rows.add(c, row[static_cast<std::size_t>(c)]);
  }
  rows.end_row();
}

}  // namespace hourglass
