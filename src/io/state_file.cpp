#include "hourglass/io/state_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "arena_slices.hpp"
#include "digest.hpp"
#include "hourglass/core/buffer.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/io/atomic_file.hpp"
#include "posix_file.hpp"
#include "state_layout.hpp"

namespace hourglass {

namespace {

constexpr Index read_block = Index{1} << 18;  // floats

Index values_of(const std::vector<StoredTensor>& tensors) {
  Index values = 0;
  for (const StoredTensor& tensor : tensors) values += tensor.size;
  return values;
}

// What this rank writes of one arena, and the arena's digest over all ranks.
struct Share {
  std::vector<TensorSlice> slices;
  StoredGroup group;
};

Share make_share(const Communicator& communicator, const StoredArena& arena) {
  const bool replicated = is_replicated(communicator, arena);
  Share share;
  ArenaDigest digest;
  Index values = 0;
  collectively(communicator, [&] {
    share.slices = slice_arena(arena, replicated ? communicator.size() : 1, replicated ? communicator.rank() : 0);
    for (const TensorSlice& slice : share.slices) {
      digest.add(arena.tensors[slice.tensor], slice.begin, {slice.values, static_cast<std::size_t>(slice.size)});
      values += slice.size;
    }
  });
  std::array<std::uint64_t, 3> sums = {digest.words()[0], digest.words()[1], static_cast<std::uint64_t>(values)};
  communicator.sum(std::span<std::uint64_t>(sums));
  digest.words() = {sums[0], sums[1]};
  require(static_cast<Index>(sums[2]) == values_of(arena.tensors), "the ranks' ranges do not cover the arena exactly once");
  share.group = {arena.group, arena.tensors, digest.hex()};
  return share;
}

void write_slices(const std::string& temporary, const std::string& name, std::span<const Share> shares,
                  std::span<const Index> offsets) {
  const posix::FileDescriptor file = posix::open_file(temporary, O_WRONLY, name);
  std::size_t first = 0;
  for (const Share& share : shares) {
    for (const TensorSlice& slice : share.slices) {
      const Index position = offsets[first + slice.tensor] + slice.begin * static_cast<Index>(sizeof(float));
      posix::write_at(file.get(), position, std::as_bytes(std::span(slice.values, static_cast<std::size_t>(slice.size))), name);
    }
    first += share.group.tensors.size();
  }
  posix::synchronize(file.get(), name);
}

// From rank 0 to all; the number is known everywhere.
void broadcast_offsets(const Communicator& communicator, std::vector<Index>& offsets, std::size_t count) {
  offsets.resize(count);
  communicator.broadcast(std::as_writable_bytes(std::span(offsets)));
}

// Reads a tensor block by block and adds it to the digest; keeps it when `keep` is not null.
void read_tensor(int descriptor, const std::string& name, const StoredTensor& tensor, Index offset, Buffer<float>& block,
                 ArenaDigest& digest, float* keep) {
  for (Index begin = 0; begin < tensor.size; begin += read_block) {
    const Index size = std::min(read_block, tensor.size - begin);
    const std::span<float> values(keep != nullptr ? keep + begin : block.data(), static_cast<std::size_t>(size));
    posix::read_at(descriptor, offset + begin * static_cast<Index>(sizeof(float)), std::as_writable_bytes(values), name);
    digest.add(tensor, begin, values);
  }
}

// Reads a whole group, into `arena` when it is not empty, and compares its digest.
void read_group(hid_t file, const std::string& name, const StoredGroup& group, std::span<float> arena) {
  const std::vector<Index> offsets = locate_tensors(file, name, group);
  const posix::FileDescriptor descriptor = posix::open_file(name, O_RDONLY, name);
  Buffer<float> block(arena.empty() ? std::min(read_block, values_of(group.tensors)) : 0);
  ArenaDigest digest;
  for (std::size_t t = 0; t < group.tensors.size(); ++t) {
    const StoredTensor& tensor = group.tensors[t];
    read_tensor(descriptor.get(), name, tensor, offsets[t], block, digest,
                arena.empty() ? nullptr : arena.data() + tensor.offset);
  }
  if (digest.hex() != group.digest) {
    throw Error(ErrorKind::data, name + ": corrupted: digest mismatch in " + group.group + "; use another copy");
  }
}

}  // namespace

void write_state_file(const Communicator& communicator, const std::string& path, const StateHeader& header,
                      std::span<const StoredArena> arenas) {
  std::vector<Share> shares;
  std::vector<StoredGroup> groups;
  std::size_t tensors = 0;
  for (const StoredArena& arena : arenas) {
    shares.push_back(make_share(communicator, arena));
    groups.push_back(shares.back().group);
    tensors += arena.tensors.size();
  }
  std::optional<AtomicFile> file;
  std::vector<Index> offsets;
  collectively(communicator, [&] {
    if (!communicator.is_root()) return;
    file.emplace(path);
    const Index bytes = predicted_bytes(header, groups);
    {
      const posix::FileDescriptor probe = posix::open_file(file->temporary_path(), O_WRONLY, path);
      posix::probe_space(probe.get(), bytes, path);
    }
    offsets = create_state_layout(file->temporary_path(), path, header, groups);
    file->reserve(bytes);
  });
  const std::string temporary = communicator.broadcast(file ? file->temporary_path() : std::string());
  broadcast_offsets(communicator, offsets, tensors);
  collectively(communicator, [&] { write_slices(temporary, path, shares, offsets); });
  collectively(communicator, [&] {
    if (file) file->commit();
  });
}

StateFile read_state_file(const std::string& path) {
  const hdf5::Lock lock;
  const hdf5::Handle file = hdf5::open_file(path);
  StateFile state;
  state.path = path;
  state.groups = read_state_layout(file.get(), path, state.header).groups;
  constexpr std::string_view optimizer = "/optimizer/";
  for (const StoredGroup& group : state.groups) {
    read_group(file.get(), path, group, {});
    if (group.group == "/model") {
      state.parameters = group.tensors;
      state.weights_digest = group.digest;
    }
    if (group.group.starts_with(optimizer)) state.optimizer_groups.push_back(group.group.substr(optimizer.size()));
  }
  return state;
}

void read_arena(const StateFile& file, const std::string& group, std::span<float> arena) {
  const auto found =
      std::find_if(file.groups.begin(), file.groups.end(), [&](const StoredGroup& stored) { return stored.group == group; });
  if (found == file.groups.end()) throw Error(ErrorKind::data, file.path + ": holds no " + group);
  for (const StoredTensor& tensor : found->tensors) {
    if (tensor.offset + tensor.size > static_cast<Index>(arena.size())) {
      throw Error(ErrorKind::data, file.path + ": " + group + "/" + tensor.name + " does not fit the model it is read into");
    }
  }
  std::fill(arena.begin(), arena.end(), 0.0F);
  const hdf5::Lock lock;
  const hdf5::Handle handle = hdf5::open_file(file.path);
  read_group(handle.get(), file.path, *found, arena);
}

}  // namespace hourglass
