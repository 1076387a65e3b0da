#pragma once

#include "config/config.hpp"
#include "core/active_rows.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/comm/request.hpp"

namespace hourglass {

/// The units of a sparse code that some rank uses in a step, which all ranks know before they
/// exchange a gradient; and whether the exchange carries the rows of these units alone: with
/// SparseExchange::automatic where they are at most half of the arena, because packing and
/// unpacking costs about as much memory traffic as it saves of a message. The exchange has the same
/// bits either way.
class ActiveUnits {
 public:
  /// `rows`: a set for an arena of so many floats, of which this rank holds `floats`.
  ActiveUnits(const Communicator& communicator, const ActiveRows& rows, Index arena, Index floats,
              SparseExchange mode);

  /// Begins the union of `own` over the ranks, 1 bit per unit. Collective.
  void start(const ActiveRows& own);
  /// Whether it is complete. Main thread.
  [[nodiscard]] bool test();
  [[nodiscard]] bool is_started() const { return started_; }
  void end_step() { started_ = false; }

  /// Of the last complete union.
  [[nodiscard]] const ActiveRows& rows() const { return rows_; }
  /// What an exchange carries: rows(), or null for everything.
  [[nodiscard]] const ActiveRows* carried() const { return sparse_ ? &rows_ : nullptr; }

 private:
  Communicator communicator_;
  ActiveRows rows_;
  Index arena_;
  Index floats_;
  SparseExchange mode_;
  Request request_;
  bool started_ = false;
  bool complete_ = false;
  bool sparse_ = false;
};

}  // namespace hourglass
