#include "checkpoint/state_writer.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "checkpoint/arena_slices.hpp"
#include "checkpoint/digest.hpp"
#include "checkpoint/state_layout.hpp"
#include "core/timer.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

namespace {

// The part of one arena that this rank writes.
struct Share {
  StoredArena arena;
  std::vector<TensorSlice> slices;
  ArenaDigest digest;
  Index values = 0;
};

Share make_share(const Communicator& communicator, StoredArena arena) {
  const bool replicated = is_replicated(communicator, arena);
  Share share{std::move(arena), {}, {}, 0};
  share.slices = slice_arena(share.arena, replicated ? communicator.size() : 1,
                             replicated ? communicator.rank() : 0);
  for (const TensorSlice& slice : share.slices) share.values += slice.size;
  return share;
}

Index values_of(const std::vector<StoredTensor>& tensors) {
  Index values = 0;
  for (const StoredTensor& tensor : tensors) values += tensor.size;
  return values;
}

// The slices' values move to `snapshot`, each slice behind the one before.
void copy_values(std::vector<Share>& shares, Buffer<float>& snapshot) {
  Index size = 0;
  for (const Share& share : shares) size += share.values;
  if (snapshot.size() < size) snapshot = Buffer<float>(size);
  float* to = snapshot.data();
  for (Share& share : shares) {
    for (TensorSlice& slice : share.slices) {
      std::copy_n(slice.values, slice.size, to);
      slice.values = to;
      to += slice.size;
    }
  }
}

enum class Stage { hash, create, write, commit, finished };

}  // namespace

struct StateWriter::State {
  State(const Communicator& all, std::string file_path, StateHeader file_header)
      : communicator(all), path(std::move(file_path)), header(std::move(file_header)) {}

  Communicator communicator;
  std::string path;
  StateHeader header;
  std::vector<Share> shares;
  std::vector<StoredGroup> groups;
  std::optional<AtomicFile> file;  // rank 0's
  std::string temporary;
  std::vector<Index> offsets;
  Stage stage = Stage::hash;
  std::exception_ptr failure;
  bool background = false;
  double seconds = 0;
  std::atomic<bool> done{false};
  std::jthread thread;  // last: it ends before anything it uses

  void begin() {
    done = false;
    if (!background) return;
    thread = std::jthread([this] { work(); });
  }

  // The part of a stage that a rank does alone.
  void work() noexcept {
    const Timer timer;
    try {
      if (stage == Stage::hash) hash();
      if (stage == Stage::create && communicator.is_root()) create();
      if (stage == Stage::write) write_slices();
      if (stage == Stage::commit && file) file->commit();
    } catch (...) {
      failure = std::current_exception();
    }
    seconds += timer.seconds();
    done = true;
  }

  void hash() {
    for (Share& share : shares) {
      for (const TensorSlice& slice : share.slices) {
        share.digest.add(share.arena.tensors[slice.tensor], slice.begin,
                         {slice.values, static_cast<std::size_t>(slice.size)});
      }
    }
  }

  void create() {
    file.emplace(path);
    const Index bytes = predicted_bytes(header, groups);
    {
      const posix::FileDescriptor probe = posix::open_file(file->temporary_path(), O_WRONLY, path);
      posix::probe_space(probe.get(), bytes, path);
    }
    offsets = create_state_layout(file->temporary_path(), path, header, groups);
    file->reserve(bytes);
  }

  void write_slices() {
    const posix::FileDescriptor target = posix::open_file(temporary, O_WRONLY, path);
    std::size_t first = 0;
    for (const Share& share : shares) {
      for (const TensorSlice& slice : share.slices) {
        const Index position =
            offsets[first + slice.tensor] + slice.begin * static_cast<Index>(sizeof(float));
        posix::write_at(
            target.get(), position,
            std::as_bytes(std::span(slice.values, static_cast<std::size_t>(slice.size))), path);
      }
      first += share.arena.tensors.size();
    }
    posix::synchronize(target.get(), path);
  }

  // The part of a stage that all ranks do together.
  void meet() {
    collectively(communicator, [this] {
      if (failure) std::rethrow_exception(failure);
    });
    if (stage == Stage::hash) add_digests();
    if (stage == Stage::create) share_layout();
  }

  void add_digests() {
    for (Share& share : shares) {
      std::array<std::uint64_t, 3> sums = {share.digest.words()[0], share.digest.words()[1],
                                           static_cast<std::uint64_t>(share.values)};
      communicator.sum(std::span<std::uint64_t>(sums));
      share.digest.words() = {sums[0], sums[1]};
      require(static_cast<Index>(sums[2]) == values_of(share.arena.tensors),
              "the ranks' ranges do not cover the arena exactly once");
      groups.push_back({share.arena.group, share.arena.tensors, share.digest.hex()});
    }
  }

  void share_layout() {
    temporary = communicator.broadcast(file ? file->temporary_path() : std::string());
    std::size_t tensors = 0;
    for (const Share& share : shares) tensors += share.arena.tensors.size();
    offsets.resize(tensors);
    communicator.broadcast(std::as_writable_bytes(std::span(offsets)));
  }
};

StateWriter::StateWriter(const Communicator& communicator, const std::string& path,
                         const StateHeader& header, std::vector<StoredArena> arenas,
                         Buffer<float>* snapshot)
    : state_(std::make_unique<State>(communicator, path, header)) {
  for (StoredArena& arena : arenas)
    state_->shares.push_back(make_share(communicator, std::move(arena)));
  state_->background = snapshot != nullptr;
  if (snapshot != nullptr) {
    const Timer timer;
    collectively(communicator, [&] { copy_values(state_->shares, *snapshot); });
    state_->seconds += timer.seconds();
  }
  state_->begin();
}

StateWriter::~StateWriter() = default;

bool StateWriter::ready() const { return !state_->background || state_->done; }

bool StateWriter::advance() {
  State& state = *state_;
  if (state.stage == Stage::finished) return true;
  if (state.background) {
    state.thread.join();
  } else {
    state.work();
  }
  state.meet();
  state.stage = static_cast<Stage>(static_cast<int>(state.stage) + 1);
  if (state.stage == Stage::finished) return true;
  state.begin();
  return false;
}

void StateWriter::finish() {
  while (!advance()) {
  }
}

double StateWriter::work_seconds() const { return state_->seconds; }

}  // namespace hourglass
