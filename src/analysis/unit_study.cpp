#include "analysis/unit_study.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "data/original_units.hpp"
#include "engine/inference.hpp"
#include "hdf5/row_numbers.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

namespace {

bool better(const UnitStudy::Top& a, const UnitStudy::Top& b) {
  return a.value > b.value || (a.value == b.value && a.row >= 0 && (b.row < 0 || a.row < b.row));
}

// Puts a sample into a unit's list, which stays sorted.
void offer(std::span<UnitStudy::Top> list, const UnitStudy::Top& candidate) {
  if (list.empty() || !better(candidate, list.back())) return;
  std::size_t place = list.size() - 1;
  for (; place > 0 && better(candidate, list[place - 1]); --place) list[place] = list[place - 1];
  list[place] = candidate;
}

UnitStudy empty_study(Index units, Index top) {
  UnitStudy study;
  study.top = top;
  study.use.assign(static_cast<std::size_t>(units), 0);
  study.best.assign(static_cast<std::size_t>(units * top), {});
  return study;
}

std::span<UnitStudy::Top> list_of(UnitStudy& study, Index unit) {
  return std::span(study.best)
      .subspan(static_cast<std::size_t>(unit * study.top), static_cast<std::size_t>(study.top));
}

void add_codes(ConstMatrix codes, Index first_row, UnitStudy& study) {
  for (Index r = 0; r < codes.rows; ++r) {
    const std::span<const float> code = codes.row(r);
    for (std::size_t u = 0; u < code.size(); ++u) {
      if (!(code[u] > 0)) continue;
      ++study.use[u];
      offer(list_of(study, static_cast<Index>(u)), {code[u], first_row + r});
    }
  }
}

void merge(std::span<const UnitStudy::Top> best, UnitStudy& study) {
  for (Index u = 0; u < study.units(); ++u) {
    for (const UnitStudy::Top& one :
         best.subspan(static_cast<std::size_t>(u * study.top), static_cast<std::size_t>(study.top)))
      offer(list_of(study, u), one);
  }
}

void number_by_data(const Communicator& communicator, const DatasetReader& reader,
                    UnitStudy& study) {
  collectively(communicator, [&] {
    const RowNumbers numbers(reader);
    for (UnitStudy::Top& one : study.best) {
      if (one.row >= 0) one.row = numbers.of(one.row);
    }
  });
}

}  // namespace

UnitStudy study_units(const Communicator& communicator, const Model& model,
                      const DatasetReader& reader, const InputTransform& transform,
                      Index micro_batch, WorkerPool& pool, Index top) {
  const Autoencoder& network = *model.network;
  const InferencePlan plan{reader.info().rows(), micro_batch};
  std::vector<Workspace> workspaces;
  std::vector<UnitStudy> studies;
  for (Index w = 0; w < pool.size(); ++w) {
    workspaces.push_back(network.make_workspace(micro_batch));
    studies.push_back(empty_study(network.code_size(), top));
  }
  collectively(communicator, [&] {
    check_inputs(reader.info(), network);
    for_each_micro_batch(
        reader, transform, plan, plan.of_rank(communicator.rank(), communicator.size()), pool,
        [&](Index worker, Range rows, ConstMatrix x) {
          Workspace& workspace = workspaces[static_cast<std::size_t>(worker)];
          workspace.set_conditions(conditions_of(model.row_conditions, plan.rows, rows));
          add_codes(network.encode(model.parameters.data(), x, workspace), rows.begin,
                    studies[static_cast<std::size_t>(worker)]);
        });
  });
  UnitStudy total = std::move(studies.front());
  total.samples = plan.rows;
  for (std::size_t w = 1; w < studies.size(); ++w) {
    merge(studies[w].best, total);
    for (std::size_t u = 0; u < total.use.size(); ++u) total.use[u] += studies[w].use[u];
  }
  communicator.sum(std::span(total.use));
  const std::size_t bytes = total.best.size() * sizeof(UnitStudy::Top);
  const std::string mine(reinterpret_cast<const char*>(total.best.data()), bytes);
  std::vector<UnitStudy::Top> other(total.best.size());
  const auto parts = communicator.all_gather(mine);
  for (std::size_t rank = 0; rank < parts.size(); ++rank) {
    if (static_cast<int>(rank) == communicator.rank()) continue;
    std::memcpy(other.data(), parts[rank].data(), bytes);
    merge(other, total);
  }
  number_by_data(communicator, reader, total);
  return total;
}

bool has_atoms(const Model& model) {
  const AutoencoderSpec& spec = model.network->spec();
  const Regularization& r = spec.regularization;
  return (spec.sparsity.on() || r.k_sparse > 0 || r.l1 > 0) && !atom_of(model, 0).empty();
}

std::vector<float> atom_of(const Model& model, Index unit) {
  const AutoencoderSpec& spec = model.network->spec();
  if (spec.decoder.size() != 2 || spec.decoder.back().kind != LayerSpec::Kind::dense ||
      spec.output_activation != Activation::linear || model.network->outputs() < 1)
    return {};
  const auto& tensors = model.network->layout().tensors();
  const auto find = [&](const char* name) {
    return std::ranges::find(tensors, std::string(name), &Tensor::name);
  };
  auto tensor = find("decoder/0/weight");
  const bool tied = tensor == tensors.end();
  if (tied) tensor = find("encoder/0/weight");
  if (tensor == tensors.end() || tensor->shape.size() != 2) return {};
  const Index outputs = model.network->outputs();
  const bool by_unit = tied || spec.sparsity.on();
  const float* const weight = model.parameters.data() + tensor->offset;
  const Index units = model.network->code_size();
  std::vector<float> atom(static_cast<std::size_t>(outputs));
  for (Index f = 0; f < outputs; ++f)
    atom[static_cast<std::size_t>(f)] =
        by_unit ? weight[unit * outputs + f] : weight[f * units + unit];
  return atom;
}

std::vector<AtomFeature> largest_features(std::span<const float> atom,
                                          const InputTransform& outputs, Index count) {
  std::vector<AtomFeature> all;
  for (std::size_t f = 0; f < atom.size(); ++f) {
    all.push_back(
        {static_cast<Index>(f), static_cast<double>(atom[f]) * original_unit(outputs, f)});
  }
  const auto shown = std::min(static_cast<std::ptrdiff_t>(count), std::ssize(all));
  std::ranges::partial_sort(all, all.begin() + shown, [](const auto& a, const auto& b) {
    const double first = std::fabs(a.value);
    const double second = std::fabs(b.value);
    return first > second || (first == second && a.feature < b.feature);
  });
  all.resize(static_cast<std::size_t>(shown));
  return all;
}

std::vector<AtomFeature> largest_features(const Model& model, Index unit, Index count) {
  const InputTransform& outputs = model.has_target() ? model.target_transform : model.transform;
  return largest_features(atom_of(model, unit), outputs, count);
}

}  // namespace hourglass
