#include "engine/matched_data.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "data/column_match.hpp"
#include "engine/inference.hpp"

namespace hourglass {

namespace {

// Values that are looked at where not all of them need to be.
constexpr Index sampled_bytes = Index{1} << 20;
constexpr Index sampled_rows = 64;

ValueRange some_values(const DatasetReader& reader, const std::vector<double>& missing) {
  const DatasetInfo& info = reader.info();
  return sampled_range(reader, std::max(sampled_rows, sampled_bytes / info.row_bytes()), missing);
}

MatchedData match_features(std::unique_ptr<DatasetReader> reader, const ModelInput& model,
                           const GivenScale& scale) {
  MatchedData matched{std::move(reader), {}, {}, {}};
  const DatasetInfo& info = matched.reader->info();
  const std::string name = to_string(info.address);
  if (model.trained) {
    const DataIdentity given = identity_of(info, model.trained->normalize);
    if (!scale.factor) match_units(model.trained->units, given.units, {name, scale.option});
    const ColumnMatch columns = match_columns(*model.trained, given, name);
    if (!columns.note.empty()) matched.notes.push_back(columns.note);
    if (!columns.columns.empty()) {
      DatasetAddress address = info.address;
      address.options.column_order = columns.columns;
      address.options.ordered_shape = model.trained->sample_shape;
      matched.reader = std::make_unique<DatasetReader>(address);
    }
  }
  check_features(matched.reader->info(), model.features);
  return matched;
}

bool compares_values(const ModelInput& model, const GivenScale& scale) {
  return model.trained && model.trained->range.known() && !scale.factor;
}

void match_range(const ModelInput& model, const GivenScale& scale, const ValueRange& range,
                 MatchedData& matched) {
  if (scale.factor) {
    matched.values.multiply = *scale.factor;
  } else if (compares_values(model, scale)) {
    const DatasetInfo& info = matched.reader->info();
    matched.values =
        match_values(*model.trained, info.type, range, {to_string(info.address), scale.option});
  }
  if (!matched.values.note.empty()) matched.notes.push_back(matched.values.note);
  matched.transform = matched_transform(*model.transform, matched.values);
}

}  // namespace

MatchedData match_data(const Communicator& communicator, std::unique_ptr<DatasetReader> reader,
                       const ModelInput& model, const GivenScale& scale) {
  MatchedData matched;
  ValueRange range;
  const bool compares = compares_values(model, scale);
  collectively(communicator, [&] {
    matched = match_features(std::move(reader), model, scale);
    if (compares && communicator.is_root())
      range = some_values(*matched.reader, model.transform->missing.values);
  });
  if (compares) {
    communicator.broadcast(std::as_writable_bytes(std::span(&range, 1)));
    if (needs_every_value(*model.trained, matched.reader->info().type, range))
      range = value_range(communicator, *matched.reader, model.transform->missing.values);
  }
  collectively(communicator, [&] { match_range(model, scale, range, matched); });
  return matched;
}

MatchedData match_data(std::unique_ptr<DatasetReader> reader, const ModelInput& model,
                       const GivenScale& scale) {
  MatchedData matched = match_features(std::move(reader), model, scale);
  ValueRange range;
  if (compares_values(model, scale)) {
    range = some_values(*matched.reader, model.transform->missing.values);
    if (needs_every_value(*model.trained, matched.reader->info().type, range))
      range = value_range(*matched.reader, {0, matched.reader->info().rows()},
                          model.transform->missing.values);
  }
  match_range(model, scale, range, matched);
  return matched;
}

}  // namespace hourglass
