#pragma once

#include <string>

#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/owned_matrix.hpp"

namespace hourglass {

/// An address of samples is "FILE.h5:/path/to/dataset", N x D or N x H x W or of more dimensions:
/// what follows the first dimension are the features of a sample, in row-major order. For reading,
/// the path may be left out when the file holds one data set only, and an address may stand for
/// several files ("a.h5,b.h5:/x", "shards/*.h5:/x"), as everywhere in Hourglass. Nothing is
/// followed out of the file (external links and storage, virtual data sets).

/// The extents of a data set seen as a matrix.
struct SampleShape {
  Index rows = 0;
  Index features = 0;
};

/// Local. Throws Error(io) for a missing or unreadable file, Error(data) when it is not HDF5 or has
/// no such data set of numbers.
[[nodiscard]] SampleShape sample_shape(const std::string& address);

/// The samples as stored, converted to single precision but not normalised (a pixel 255 becomes
/// 255.0F): rows x features. Exact for integers of 8 and 16 bits and for floats. Local. Throws as
/// sample_shape(), and Error(data) naming the row for corruption, NaN or infinity.
[[nodiscard]] OwnedMatrix read_samples(const std::string& address);
/// The same of rows [rows.begin, rows.end). Throws Error(usage) when the data set has not so many.
[[nodiscard]] OwnedMatrix read_samples(const std::string& address, Range rows);

/// Writes one N x D data set of floats in which the rows of rank r follow those of rank r - 1. A
/// rank may have no rows (of any number of columns); N and D are at least 1. The file is made, or
/// gets one more data set; it appears, or changes, only when all is written. Collective. Throws the
/// same Error on every rank: Error(usage) when the address has no path, the data set exists already
/// or the ranks differ in D, Error(io) when the file cannot be written.
void write_samples(const Communicator& communicator, const std::string& address,
                   ConstMatrix samples);

}  // namespace hourglass
