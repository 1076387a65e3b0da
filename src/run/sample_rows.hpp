#pragma once

#include <cstddef>
#include <span>

#include "core/channel_order.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// Samples in memory on their way into a model: rows of values as the data set of the training
/// stores them, of one type, adjacent.

/// The extents of samples whose channels stand first where those of the training did; one channel
/// where they are read as they are.
[[nodiscard]] ChannelGrid stored_grid(const Model& model, Index element_bytes);

/// Throws Error(data) naming row and column of the first element that the model does not take: a
/// NaN or infinity, unless it counts as missing and the model takes missing elements. `what` names
/// the rows in the message, the first of which is row `first`.
void check_rows(ElementType type, std::span<const std::byte> rows, Index columns, const char* what,
                const MissingValues& missing = {}, Index first = 0);

/// One sample as the network sees it, in the network's order of channels. `number` is its row in
/// messages; `reordered` is scratch memory of the sample's bytes, not used where there is one
/// channel. Throws Error(data) where a model of counts is given other numbers.
void normalize_row(const Model& model, const InputTransform& transform, ElementType type,
                   std::span<const std::byte> stored, Index number, std::span<std::byte> reordered,
                   std::span<float> row);

/// A row of the network's outputs, in the order of the data; targets are stored in the network's.
void restore_row(const Model& model, std::span<const float> row, std::span<float> to);

}  // namespace hourglass
