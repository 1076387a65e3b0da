#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "hourglass/dist/communicator.hpp"

namespace hourglass {

/// One tensor of an arena as stored: data set <group>/<name>, float32, row-major.
struct StoredTensor {
  std::string name;
  std::vector<Index> shape;
  Index offset = 0;  ///< floats from the start of the arena, a multiple of 64
  Index size = 0;    ///< product of the shape
};

/// One arena-shaped quantity to be written (parameters, a moment): this rank's `ranges` of it, whose values follow each other
/// in `values`. Over all ranks the ranges cover every tensor; where ranks own the same range (replicated), each writes its even
/// part.
struct StoredArena {
  std::string group;  ///< e.g. "/model", "/optimizer/mean"
  std::vector<StoredTensor> tensors;
  std::vector<Range> ranges;
  std::vector<const float*> values;  ///< one pointer a range
};

/// Everything in a model or checkpoint file besides the arenas.
struct StateHeader {
  std::string configuration;                     ///< the effective configuration, as config-file text (attribute of /model)
  std::map<std::string, std::string> texts;      ///< more string attributes of /model: tool version, BLAS core, fingerprints
  std::map<std::string, std::int64_t> position;  ///< attributes of /position (epoch, step, samples); empty in a model file
  std::map<std::string, std::vector<double>>
      doubles;  ///< 1-d float64 data sets by absolute path: "/history/loss", "/model/input/mean"
};

/// Writes a model or checkpoint file (one HDF5 file, independent of the number of ranks, readable by h5py): rank 0 makes the
/// file with all metadata and early-allocated contiguous data sets under a temporary name, every rank writes its values
/// straight to their place, all fsync; then rank 0 renames and fsyncs the folder. Either the complete new file stands at `path`
/// or nothing changed. Collective. Throws the same Error(io) on every rank (disk full, no permission) after removing the
/// temporary. A digest of all content (arenas, texts, position, doubles) is stored in it and verified on load.
void write_state_file(const Communicator& communicator, const std::string& path, const StateHeader& header,
                      std::span<const StoredArena> arenas);

/// A model or checkpoint opened and verified.
struct StateFile {
  std::string path;
  StateHeader header;
  std::vector<StoredTensor> parameters;       ///< tensors below /model, in arena order (stored as attribute)
  std::vector<std::string> optimizer_groups;  ///< e.g. "mean", "variance"; empty in a model file
  std::string weights_digest;                 ///< 32 hex digits over every parameter's bits, recomputed from the values
};

/// Reads the header and verifies the digest of everything. Throws Error(io) when unreadable, Error(data) when it is not such a
/// file, truncated, corrupted (digest) or of a newer format version. Local: no communication.
[[nodiscard]] StateFile read_state_file(const std::string& path);

/// Reads one group ("/model", "/optimizer/mean") into an arena of `arena.size()` floats at the tensors' offsets; padding is 0.
void read_arena(const StateFile& file, const std::string& group, std::span<float> arena);

/// Digest of the tensors' values (not the padding), the same on any number of ranks: 32 hex digits.
[[nodiscard]] std::string weights_digest(std::span<const StoredTensor> tensors, std::span<const float> arena);

}  // namespace hourglass
