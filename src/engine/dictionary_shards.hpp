#pragma once

#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/active_rows.hpp"
#include "core/layout.hpp"
#include "hourglass/comm/communicator.hpp"
#include "nn/batch_selection.hpp"
#include "nn/unit_group.hpp"

namespace hourglass {

/// The division of a dictionary among ranks (--dictionary-shards S): S consecutive ranks are a
/// group, which holds the units together and passes through the same micro-batches; groups share
/// the data. A rank's part is a range of units, a multiple of 64 each, and whatever does not belong
/// to units. Gradients of a part are summed over the ranks with the same part, one of each group.
///
/// A sum over units passes from rank to rank of the group, the rows of a micro-batch in blocks, so
/// that one rank adds to a block while the next one adds to the block before.
class DictionaryShards final : public UnitGroup {
 public:
  /// `rows`: the tensors with a row for each unit, of this layout. Throws Error(usage), the same on
  /// every rank, where the ranks or the units cannot be divided. Collective.
  DictionaryShards(const Communicator& world, Index shards, const Layout& layout,
                   const ActiveRows& rows);

  /// All ranks.
  [[nodiscard]] const Communicator& world() const { return world_; }
  /// One rank of each group, those with this rank's part: they share the data.
  [[nodiscard]] const Communicator& across() const { return across_; }
  /// Parts of the arena that this rank holds, ascending, and how many floats they are.
  [[nodiscard]] std::span<const Range> parts() const { return parts_; }
  [[nodiscard]] Index floats() const;
  /// Whether a quantity that every rank of a group has counts as this rank's.
  [[nodiscard]] bool is_first() const { return group_.rank() == 0; }
  /// Whether floats that lie in one of the parts are this rank's in a sum over all ranks.
  [[nodiscard]] bool counts(Range floats) const { return is_first() || !is_shared(floats); }
  /// The most of a value over the group.
  [[nodiscard]] Index most_in_group(Index value) const { return group_.max(value); }

  /// How the units of a micro-batch of so many rows are divided.
  [[nodiscard]] UnitDivision division(Index rows) const {
    return {group_.size(), group_.rank(), rows};
  }
  /// The units that this rank does not hold.
  [[nodiscard]] Index foreign_units() const { return all_units_ - units_.size(); }
  /// Removes from an arena to be stored what others store.
  void keep_counted(StoredArena& arena) const;
  /// Reads a part of a group of a file as read_arena_ranges(): this rank's `ranges`, each inside
  /// one of the parts, over the ranks of `communicator`, which hold everything together. Returns
  /// the bytes read. Throws the same Error on every rank. Collective over all ranks.
  Index load(const Communicator& communicator, const StateFile& file, const std::string& group,
             std::span<const Range> ranges, std::span<float> values) const;
  /// Reads this rank's parts of the parameters into an arena. Throws and collective as load().
  void load_parameters(const StateFile& file, std::span<float> arena) const;

  [[nodiscard]] Range units() const override { return units_; }
  void keep_largest(Index k, SparseCode& code) override;
  void sum_over_units(Matrix sums, AddRows add) override;
  void sum_over_units(std::span<double> sums, FunctionRef<void()> add) override;

 private:
  [[nodiscard]] bool is_shared(Range floats) const;

  Communicator world_;
  Communicator group_;
  Communicator across_;
  Index all_units_;
  Range units_;
  std::vector<Range> parts_;
  std::vector<Range> shared_;       // of the parts: what every rank of a group holds
  std::vector<float> own_largest_;  // reused
  std::vector<float> all_largest_;  // reused
};

/// Throws Error(usage) on every rank unless the BLAS library gives the products of a micro-batch
/// (rows x inputs) with the weights of some units, a part of all, the bits that they have among the
/// products with all: of as many of these as fit into 16 MiB. Collective.
void check_divided_products(const Communicator& communicator, Index rows, Index inputs, Index units,
                            Range own);

}  // namespace hourglass
