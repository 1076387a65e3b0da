#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/dense_chain.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// A trained model for serving: samples come a few at a time, from many threads.
///
/// A micro-batch of the model's size is the unit of the program's passes, and matrix products of
/// other sizes may round differently. When a model is loaded, its passes over some made-up samples
/// are compared: whether the bits of a row depend on its place in the micro-batch, which smaller
/// numbers of rows give the same bits, and whether products of a few rows (nn/dense_chain.hpp) do.
/// Afterwards each call takes the fastest way that does. Where the place matters (OpenBLAS's
/// kernels for AVX2) or the comparison would take long (some 10^8 parameters), calls compute whole
/// micro-batches, and row i has the bits of place i mod micro_batch().
class ServingModel {
 public:
  /// Reads, verifies and compares. Throws Error(io) or Error(data) as load_model, and Error(usage)
  /// for a model with conditions of its samples.
  explicit ServingModel(const std::string& path);
  ~ServingModel();
  ServingModel(const ServingModel&) = delete;
  ServingModel& operator=(const ServingModel&) = delete;

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] Index features() const { return model_.network->features(); }
  [[nodiscard]] Index code_size() const { return model_.network->code_size(); }
  [[nodiscard]] Index outputs() const { return model_.network->outputs(); }
  /// Rows of a micro-batch.
  [[nodiscard]] Index micro_batch() const { return model_.config.micro_batch; }
  /// Whether the bits of a row depend on that row alone.
  [[nodiscard]] bool batch_invariant() const { return batch_invariant_; }
  /// Whether few rows are computed by products of single rows.
  [[nodiscard]] bool has_row_path() const { return encoder_ || decoder_; }

  /// What `hourglass encode`, `reconstruct` and TrainedModel::decode give. `samples` are `rows` x
  /// features() numbers of that type (f32 or f64) as the data set of the training stores them,
  /// `codes` rows x code_size(), `outputs` rows x outputs() in the network's units. Throw
  /// Error(data) for values that the model does not take, before anything is written. Any number of
  /// threads may call them at once; they lock nothing and, after some calls, allocate nothing.
  void encode(ElementType type, const void* samples, Index rows, float* codes) const;
  void decode(const float* codes, Index rows, float* outputs) const;
  void reconstruct(ElementType type, const void* samples, Index rows, float* outputs) const;

 private:
  enum class Pass { encode, decode, reconstruct };

  // The memory of a call.
  struct Scratch {
    explicit Scratch(const ServingModel& owner);

    Buffer<float> input;         // a micro-batch of samples or codes
    std::vector<std::byte> row;  // one sample in another order of channels
    Workspace workspace;
    Buffer<float> chain;
  };
  // Takes one that no other call has, and gives it back.
  class Lease {
   public:
    explicit Lease(const ServingModel& owner);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Scratch* operator->() const { return scratch_.get(); }
    Scratch& operator*() const { return *scratch_; }

   private:
    const ServingModel& owner_;
    std::unique_ptr<Scratch> scratch_;
  };

  void check_samples(ElementType type, const void* samples, Index rows) const;
  void normalize(ElementType type, const void* samples, Range rows, Scratch& scratch) const;
  // Of the first rows of the scratch's input.
  ConstMatrix run(Pass pass, Index rows, Scratch& scratch) const;
  ConstMatrix run_chains(Pass pass, Index rows, Scratch& scratch) const;
  ConstMatrix run_network(Pass pass, Index rows, Scratch& scratch) const;
  [[nodiscard]] bool has_chains(Pass pass) const {
    return (pass == Pass::decode || encoder_) && (pass == Pass::encode || decoder_);
  }
  template <class Fill>
  void for_each_part(Pass pass, Index rows, float* results, Index columns, bool reorders,
                     const Fill& fill) const;
  void compare_ways();
  void compare_chains(ConstMatrix samples, ConstMatrix codes, ConstMatrix outputs);

  static constexpr std::size_t most_kept = 64;  // scratches, between calls

  Model model_;
  bool batch_invariant_ = false;
  /// Numbers of rows, ascending, whose passes give the bits of a micro-batch; the last is one.
  std::vector<Index> shapes_;
  std::optional<DenseChain> encoder_;
  std::optional<DenseChain> decoder_;
  mutable std::array<std::atomic<Scratch*>, most_kept> kept_{};
};

}  // namespace hourglass
