#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/layout.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// One tensor of an arena as stored: data set <group>/<name>, float32, row-major.
struct StoredTensor {
  std::string name;
  std::vector<Index> shape;
  Index offset = 0;  ///< floats from the start of the arena, a multiple of 64
  Index size = 0;    ///< product of the shape
};

/// The tensors of a layout as a state file names them.
[[nodiscard]] std::vector<StoredTensor> stored_tensors(const Layout& layout);

/// One arena-shaped quantity to be written (parameters, a moment): this rank's `ranges` of it,
/// whose values follow each other in `values`. Over all ranks the ranges cover every tensor; where
/// ranks own the same range (replicated), each writes its even part.
struct StoredArena {
  std::string group;  ///< e.g. "/model", "/optimizer/mean"
  std::vector<StoredTensor> tensors;
  std::vector<Range> ranges;
  std::vector<const float*> values;  ///< one pointer a range
};

/// An arena of which this rank stores `ranges`, whose values follow each other in `values`. The
/// values stay the caller's.
[[nodiscard]] StoredArena stored_segment(const std::string& group, std::span<const Range> ranges,
                                         std::span<const float> values,
                                         std::span<const StoredTensor> tensors);

/// Everything in a model or checkpoint file besides the arenas.
struct StateHeader {
  std::string
      configuration;  ///< the effective configuration, as config-file text (attribute of /model)
  std::map<std::string, std::string>
      texts;  ///< more string attributes of /model: tool version, BLAS core, fingerprints
  std::map<std::string, std::int64_t>
      position;  ///< attributes of /position (epoch, step, samples); empty in a model file
  std::map<std::string, std::vector<double>>
      doubles;  ///< 1-d float64 data sets by absolute path: "/history/loss", "/model/input/mean"
};

/// The newest format this library writes and reads: attribute format_version of /model.
inline constexpr std::int64_t state_format_version = 1;

/// Writes a model or checkpoint file (one HDF5 file, independent of the number of ranks, readable
/// by h5py): rank 0 makes the file with all metadata and early-allocated contiguous data sets under
/// a temporary name, every rank writes its values straight to their place, all fsync; then rank 0
/// renames and fsyncs the folder. Either the complete new file stands at `path` or nothing changed.
/// Collective. Throws the same Error(io) on every rank (disk full, no permission) after removing
/// the temporary. A digest of all content (arenas, texts, position, doubles) is stored in it and
/// verified on load.
void write_state_file(const Communicator& communicator, const std::string& path,
                      const StateHeader& header, std::span<const StoredArena> arenas);

/// One arena as a file holds it.
struct StoredGroup {
  std::string group;  ///< "/model", "/optimizer/mean"
  std::vector<StoredTensor> tensors;
  std::string digest;  ///< weights_digest of its values
};

/// A model or checkpoint opened.
struct StateFile {
  std::string path;
  StateHeader header;
  /// Tensors below /model, in arena order (stored as attribute).
  std::vector<StoredTensor> parameters;
  std::vector<StoredGroup> groups;            ///< every arena of the file, "/model" first
  std::vector<std::string> optimizer_groups;  ///< e.g. "mean", "variance"; empty in a model file
  std::string weights_digest;                 ///< 32 hex digits over every parameter's bits
};

/// Reads the header and verifies the digest of everything. Throws Error(io) when unreadable,
/// Error(data) when it is not such a file, truncated, corrupted (digest) or of a newer format
/// version. Local: no communication.
[[nodiscard]] StateFile read_state_file(const std::string& path);

/// Reads and verifies the header alone, with the digests of the arenas, which are verified when
/// they are read below: for a file whose arenas are read next, or in parts. Errors as above. Local.
[[nodiscard]] StateFile open_state_file(const std::string& path);

/// Reads one group ("/model", "/optimizer/mean") into an arena of `arena.size()` floats at the
/// tensors' offsets and verifies its digest; padding is 0. Throws Error(data) when the file has no
/// such group, the arena is too small for it, or the values are not those of the digest. Local.
void read_arena(const StateFile& file, const std::string& group, std::span<float> arena);

/// Reads this rank's `ranges` of one group, one behind the other, into `values`; padding is 0. Over
/// all ranks the ranges cover every tensor once, or they are the same on all ranks; they consist of
/// whole cells. The digest is verified over all ranks: each hashes what it reads, and the hashes
/// are added. Returns the bytes that this rank has read from the file. Throws the same error on
/// every rank, as read_arena() does. Collective.
Index read_arena_ranges(const Communicator& communicator, const StateFile& file,
                        const std::string& group, std::span<const Range> ranges,
                        std::span<float> values);

/// Digest of the tensors' names, shapes and values (not the padding, nor their place in the arena),
/// the same on any number of ranks: 32 hex digits. Every cell of 64 values of a tensor is hashed
/// (XXH3, 128 bits) with the tensor's name and the cell's number, and the hashes are added, so that
/// ranks can hash what they own.
[[nodiscard]] std::string weights_digest(std::span<const StoredTensor> tensors,
                                         std::span<const float> arena);

}  // namespace hourglass
