#include "engine/stage.hpp"

#include <algorithm>
#include <cmath>

#include "core/activity.hpp"
#include "core/timer.hpp"
#include "engine/training_data.hpp"
#include "math/finite.hpp"
#include "optim/clip.hpp"

namespace hourglass {

namespace {

// Layout of the words that every step adds up over the ranks: three exact sums, then flags.
constexpr std::size_t exact_words = ExactSum::word_count + 1;
constexpr std::size_t flag_words = 3 * exact_words;
constexpr std::size_t failure_word = flag_words + std::tuple_size_v<StepFlags>;
constexpr std::size_t all_words = failure_word + 1;

}  // namespace

Stage::Stage(const Communicator& communicator, const Trainable& model, const ShardPlan& plan,
             WorkerPool& pool, std::span<float> parameters, const StageSettings& settings)
    : communicator_(communicator),
      model_(model),
      plan_(plan),
      parameters_(parameters),
      settings_(settings),
      gradient_(model.layout().size()),
      words_(all_words) {
  collectively(communicator_, [&] {
    schedule_ = std::make_unique<Schedule>(settings_.schedule, plan_.steps_per_epoch(),
                                           settings_.epochs * plan_.steps_per_epoch());
    // L-BFGS is no rule for elements: train/full_batch.hpp moves the parameters.
    const bool elementwise = settings_.optimizer.name != lbfgs_name;
    optimizer_ =
        make_optimizer(elementwise ? settings_.optimizer : OptimizerSettings{.name = "sgd"});
  });
  const bool tree = settings_.reduction == Reduction::tree;
  const ReducerSettings reducer{plan_.shards(), settings_.bucket_bytes, gradient_.span(),
                                parameters_, settings_.arithmetic.wire};
  reducer_ = tree ? make_tree_reducer(communicator_, reducer)
                  : make_allreduce_reducer(communicator_, reducer);
  update_ = std::make_unique<SegmentUpdate>(model_, *optimizer_, *reducer_, pool, settings_.update,
                                            communicator_, !tree);
  update_->start_average(parameters_);
  engine_ = std::make_unique<GradientEngine>(
      model_, plan_, plan_.shards_of_rank(communicator_.rank(), communicator_.size()), pool,
      gradient_.span());
  engine_->set_sum_over_ranks(
      [this](std::span<ExactSum> sums) { sum_over_ranks(communicator_, sums); });
  engine_->add_for_wire(settings_.arithmetic.wire);
  if (!settings_.overlap) engine_->exchange_afterwards();
  update_->round_increments(reducer_->increments());
  if (settings_.arithmetic.precision == Precision::bf16) engine_->compute_in_bfloat16();
}

const StepTotals& Stage::gradient(SampleSource& source, std::uint64_t seed, std::uint32_t epoch,
                                  Index step, StepFlags flags) {
  activity::enter(Work::computing);
  engine_->run(parameters_.data(), source, seed, epoch, step, *reducer_, sums_);
  activity::enter(Work::exchanging);
  const Timer exchange_timer;
  auto word = words_.begin();
  for (ExactSum* sum : {&sums_.loss, &sums_.squared_error, &sums_.penalty}) {
    sum->normalize();
    word = std::ranges::copy(sum->words(), word).out;
  }
  for (std::size_t f = 0; f < flags.size(); ++f) words_[flag_words + f] = flags[f] ? 1 : 0;
  words_[failure_word] = sums_.failure ? 1 : 0;
  Request sum_request = communicator_.iallreduce_sum(words_);
  {
    const PhaseSpan span(recorder_, Phase::exchange);
    const activity::Waiting waiting;
    while (!sum_request.test()) reducer_->progress();
  }
  word = words_.begin();
  for (ExactSum* sum : {&totals_.loss, &totals_.squared_error, &totals_.penalty}) {
    std::copy_n(word, exact_words, sum->words().begin());
    word += exact_words;
  }
  for (std::size_t f = 0; f < flags.size(); ++f) totals_.flags[f] = words_[flag_words + f];
  totals_.failed = words_[failure_word] > 0;
  totals_.failure = sums_.failure;
  totals_.samples = plan_.samples_in_step(step);
  exchange_seconds_ += exchange_timer.seconds();
  return totals_;
}

double Stage::gradient_norm() {
  const PhaseSpan span(recorder_, Phase::exchange);
  const Timer exchange_timer;
  ExactSum sum;
  for (std::size_t b = 0; b < reducer_->buckets().size(); ++b) {
    reducer_->wait_reduce(static_cast<Index>(b));
    update_->add_sum_of_squares(static_cast<Index>(b), gradient_.span(), sum);
  }
  if (settings_.reduction == Reduction::tree) sum_over_ranks(communicator_, {&sum, 1});
  exchange_seconds_ += exchange_timer.seconds();
  return std::sqrt(sum.value());
}

void Stage::update(Index step, double learning_rate, std::optional<double> norm) {
  activity::enter(Work::updating);
  UpdateStep update{step + 1, learning_rate, 1.0F, 1.0, 1.0};
  if (norm) update.gradient_scale = clip_factor(*norm, settings_.clip_norm);
  if (update_->wants_preparation()) {
    for (std::size_t b = 0; b < reducer_->buckets().size(); ++b)
      reducer_->wait_reduce(static_cast<Index>(b));
    update_->prepare(update, parameters_, gradient_.span());
  }
  for (std::size_t b = 0; b < reducer_->buckets().size(); ++b) {
    const auto bucket = static_cast<Index>(b);
    const Timer wait_timer;
    {
      const PhaseSpan span(recorder_, Phase::exchange);
      reducer_->wait_reduce(bucket);
    }
    exchange_seconds_ += wait_timer.seconds();
    update_->update(bucket, update, parameters_, gradient_.span());
    const PhaseSpan span(recorder_, Phase::exchange);
    reducer_->start_gather(bucket);
    reducer_->progress();
  }
  const PhaseSpan span(recorder_, Phase::exchange);
  const Timer gather_timer;
  reducer_->finish();
  model_.constrain(parameters_.data());
  exchange_seconds_ += gather_timer.seconds();
}

void Stage::record_phases(std::span<PhaseRecorder> recorders) {
  engine_->record_phases(recorders);
  update_->record_phases(recorders);
  recorder_ = &recorders.front();
}

std::span<const float> Stage::parameters_in_use() {
  if (!update_->averages()) return parameters_;
  if (average_.empty()) average_ = Buffer<float>(model_.layout().size());
  update_->gather_average(average_.span());
  return average_.span();
}

bool Stage::is_finite() {
  Index broken = 0;
  for (std::size_t b = 0; b < reducer_->buckets().size(); ++b) {
    const Range owned = reducer_->owned(static_cast<Index>(b));
    if (!all_finite({parameters_.data() + owned.begin, static_cast<std::size_t>(owned.size())}))
      broken = 1;
  }
  return communicator_.max(broken) == 0;
}

}  // namespace hourglass
