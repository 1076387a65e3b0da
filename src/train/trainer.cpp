#include "hourglass/train/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "hourglass/data/statistics.hpp"
#include "hourglass/io/atomic_file.hpp"
#include "hourglass/optim/clip.hpp"
#include "hourglass/train/model_file.hpp"
#include "hourglass/train/settings.hpp"
#include "hourglass/train/stop_signal.hpp"

namespace hourglass {

// Layout of the words that every step adds up over the ranks: three exact sums, then flags.
struct Trainer::StepScalars {
  static constexpr std::size_t exact = ExactSum::word_count + 1;
  static constexpr std::size_t stop = 3 * exact;
  static constexpr std::size_t failure = stop + 1;
  static constexpr std::size_t checkpoint = stop + 2;
  static constexpr std::size_t size = stop + 3;

  ExactSum loss;
  ExactSum squared_error;
  ExactSum penalty;
};

Trainer::Trainer(const Communicator& communicator, const TrainConfig& config, const std::optional<std::string>& checkpoint)
    : communicator_(communicator),
      reader_(open_everywhere(communicator, config.data)),
      config_(with_image_shape(config, reader_->info())),
      model_(config_.model),
      plan_(std::max<Index>(1, reader_->info().rows()), config.shards(), config.micro_batch),
      folder_(config.output),
      pool_(config.threads),
      scalar_words_(StepScalars::size) {
  collectively(communicator_, [&] {
    check_features(reader_->info(), model_.features());
    static_cast<void>(plan_.shards_of_rank(communicator_.rank(), communicator_.size()));
    ScheduleSettings schedule = config_.schedule;
    schedule.learning_rate = scaled_learning_rate(schedule, config_.batch);
    schedule_ = std::make_unique<Schedule>(schedule, plan_.steps_per_epoch(), total_steps());
    optimizer_ = make_optimizer(config_.optimizer);
  });
  if (!config_.validation.empty()) {
    validation_reader_ = open_everywhere(communicator_, config_.validation);
    collectively(communicator_, [&] { check_features(validation_reader_->info(), model_.features()); });
  }
  prepare_arithmetic(communicator_, config_, model_.layout());
  prepare();
  initialize(model_.layout(), model_.roles(), config_.initialization, config_.seed, parameters_.span());
  update_->start_average(parameters_.span());
  if (checkpoint && !checkpoint->empty()) restore(*checkpoint);
  collectively(communicator_, [&] {
    if (!communicator_.is_root()) return;
    checkpoint ? folder_.open() : folder_.create();
    write_text_atomically(folder_.config_path(), to_text(config_));
    metrics_ = std::make_unique<MetricsFile>(folder_.metrics_path(), position_.step);
    if (!config_.tensorboard) return;
    tensorboard_ = std::make_unique<TensorBoard>(folder_.tensorboard_path(), position_.step, model_,
                                                 validation_reader_ ? *validation_reader_ : *reader_, transform_);
  });
}

void Trainer::prepare() {
  transform_ = input_transform(communicator_, *reader_, config_.normalize);
  check_domain(communicator_, *reader_, transform_, config_.model.loss);
  collectively(communicator_, [&] {
    if (communicator_.is_root()) data_fingerprint_ = fingerprint(*reader_);
  });
  data_fingerprint_ = communicator_.broadcast(data_fingerprint_);
  parameters_ = Buffer<float>(model_.layout().size());
  gradient_ = Buffer<float>(model_.layout().size());
  const ReducerSettings reducer{plan_.shards(), config_.bucket_bytes, gradient_.span(), parameters_.span(),
                                config_.arithmetic.wire};
  reducer_ = config_.reduction == Reduction::tree ? make_tree_reducer(communicator_, reducer)
                                                  : make_allreduce_reducer(communicator_, reducer);
  update_ = std::make_unique<SegmentUpdate>(model_, *optimizer_, *reducer_, pool_, config_.update, communicator_,
                                            config_.reduction == Reduction::allreduce);
  const Range shards = plan_.shards_of_rank(communicator_.rank(), communicator_.size());
  engine_ = std::make_unique<GradientEngine>(model_, plan_, shards, pool_, gradient_.span());
  engine_->set_sum_over_ranks([this](std::span<ExactSum> sums) { sum_over_ranks(communicator_, sums); });
  engine_->add_for_wire(config_.arithmetic.wire);
  update_->round_increments(reducer_->increments());
  if (config_.arithmetic.precision == Precision::bf16) engine_->compute_in_bfloat16();
  source_ = open_training_data(communicator_, *reader_,
                               {plan_, shards, {config_.seed, config_.shuffle_block, config_.shuffle_window}, transform_},
                               memory_budget(communicator_, config_.memory));
}

TrainResult Trainer::run() {
  const StopSignal signals;
  if (communicator_.is_root()) {
    progress_ = std::make_unique<Progress>(config_.progress, config_.epochs, total_steps(), position_.step);
  }
  note_start();
  start_profile();
  // A run has a checkpoint from its first moment: whatever happens, there is one to name and to go back to.
  if (position_.step == 0 && config_.checkpoint_every.count > 0) checkpoint();
  while (position_.epoch < config_.epochs && !stopped_early()) train_epoch();
  if (checkpointed_step_ != position_.step && config_.checkpoint_every.count > 0) checkpoint();
  write_model();
  TrainResult result;
  result.position = position_;
  result.model_path = folder_.model_path();
  if (const auto& sse = history_["/history/validation_sse"]; !sse.empty() && validation_reader_) {
    result.validation_sse = sse.back();
  }
  finish_profile(result);
  collectively(communicator_, [&] { result.weights_digest = read_state_file(folder_.model_path()).weights_digest; });
  return result;
}

void Trainer::train_epoch() {
  const auto epoch = static_cast<std::uint32_t>(position_.epoch);
  collectively(communicator_, [&] { source_->begin_epoch(epoch, position_.step_in_epoch); });
  epoch_clock_ = {};
  step_clock_ = {};
  for (bool epoch_end = false; !epoch_end;) {
    train_step();
    epoch_end = position_.step_in_epoch == plan_.steps_per_epoch();
    if (config_.log_every > 0 && position_.step % config_.log_every == 0) log_step();
    if (epoch_end) finish_epoch();
    if (checkpoint_due()) checkpoint();
    if (stop_requested_) {
      if (checkpointed_step_ != position_.step) checkpoint();
      throw Error(ErrorKind::stopped,
                  fmt::format("stopped on request at step {}; checkpoint {}; continue with: hourglass train "
                              "--resume {}",
                              position_.step, last_checkpoint_, config_.output),
                  Reach::everywhere);
    }
  }
}

void Trainer::train_step() {
  const Timer step_timer;
  const Index samples = plan_.samples_in_step(position_.step_in_epoch);
  engine_->run(parameters_.data(), *source_, config_.seed, static_cast<std::uint32_t>(position_.epoch), position_.step_in_epoch,
               *reducer_, sums_);
  sums_.loss.normalize();
  sums_.squared_error.normalize();
  sums_.penalty.normalize();
  const auto words = std::span(scalar_words_);
  std::ranges::copy(sums_.loss.words(), words.begin());
  std::ranges::copy(sums_.squared_error.words(), words.begin() + StepScalars::exact);
  std::ranges::copy(sums_.penalty.words(), words.begin() + 2 * StepScalars::exact);
  words[StepScalars::stop] = StopSignal::received() != 0 ? 1 : 0;
  words[StepScalars::failure] = sums_.failure ? 1 : 0;
  // Clocks differ between ranks: rank 0's decides for all.
  const bool by_time = config_.checkpoint_every.unit == Interval::Unit::seconds && config_.checkpoint_every.count > 0;
  words[StepScalars::checkpoint] =
      by_time && communicator_.is_root() && since_checkpoint_.seconds() >= config_.checkpoint_every.count ? 1 : 0;

  const Timer exchange_timer;
  Request sum = communicator_.sum_later(words);
  {
    const PhaseSpan span(recorder(), Phase::exchange);
    while (!sum.test()) reducer_->progress();
  }
  StepScalars scalars;
  std::copy_n(words.begin(), StepScalars::exact, scalars.loss.words().begin());
  std::copy_n(words.begin() + StepScalars::exact, StepScalars::exact, scalars.squared_error.words().begin());
  std::copy_n(words.begin() + 2 * StepScalars::exact, StepScalars::exact, scalars.penalty.words().begin());
  stop_requested_ = words[StepScalars::stop] > 0;
  checkpoint_requested_ = words[StepScalars::checkpoint] > 0;
  step_loss_ = scalars.loss.value() / static_cast<double>(samples);
  step_penalty_ = scalars.penalty.value() / static_cast<double>(samples);
  step_sse_ = scalars.squared_error.value() / static_cast<double>(samples);
  learning_rate_ = schedule_->rate(position_.step, plateaus());
  if (words[StepScalars::failure] > 0 || !std::isfinite(step_loss_)) fail_step(scalars, sums_.failure);

  const bool log_due = (config_.log_every > 0 && (position_.step + 1) % config_.log_every == 0) ||
                       position_.step_in_epoch + 1 == plan_.steps_per_epoch();
  UpdateStep update{position_.step + 1, learning_rate_, 1.0F, 1.0, 1.0};
  if (log_due || config_.clip_norm > 0) {
    gradient_norm_ = gradient_norm();
    if (!std::isfinite(gradient_norm_)) diverged("the gradient is not finite");
    update.gradient_scale = clip_factor(gradient_norm_, config_.clip_norm);
  }
  const double before_update = exchange_timer.seconds();
  apply_update(update);

  epoch_loss_.add(scalars.loss);
  epoch_squared_error_.add(scalars.squared_error);
  epoch_penalty_.add(scalars.penalty);
  epoch_samples_ += samples;
  ++position_.step;
  ++position_.step_in_epoch;
  position_.samples += samples;
  const double waited = source_->wait_seconds() - source_wait_;
  source_wait_ += waited;
  for (Clock* clock : {&step_clock_, &epoch_clock_}) {
    clock->compute += sums_.compute_seconds;
    clock->exchange += before_update;
    clock->input += waited;
    clock->samples += samples;
  }
  if (progress_) {
    progress_->step(position_.epoch + 1, position_.step, step_loss_, static_cast<double>(samples) / step_timer.seconds());
  }
}

double Trainer::gradient_norm() {
  const PhaseSpan span(recorder(), Phase::exchange);
  ExactSum sum;
  for (std::size_t b = 0; b < reducer_->buckets().size(); ++b) {
    reducer_->wait_reduce(static_cast<Index>(b));
    update_->add_sum_of_squares(static_cast<Index>(b), gradient_.span(), sum);
  }
  if (config_.reduction == Reduction::tree) {
    sum.normalize();
    communicator_.sum(sum.words());
  }
  return std::sqrt(sum.value());
}

void Trainer::apply_update(const UpdateStep& step) {
  if (update_->wants_preparation()) {
    for (std::size_t b = 0; b < reducer_->buckets().size(); ++b) reducer_->wait_reduce(static_cast<Index>(b));
    update_->prepare(step, parameters_.span(), gradient_.span());
  }
  for (std::size_t b = 0; b < reducer_->buckets().size(); ++b) {
    const auto bucket = static_cast<Index>(b);
    const Timer wait_timer;
    {
      const PhaseSpan span(recorder(), Phase::exchange);
      reducer_->wait_reduce(bucket);
    }
    const double waited = wait_timer.seconds();
    step_clock_.exchange += waited;
    epoch_clock_.exchange += waited;
    update_->update(bucket, step, parameters_.span(), gradient_.span());
    const PhaseSpan span(recorder(), Phase::exchange);
    reducer_->start_gather(bucket);
    reducer_->progress();
  }
  const PhaseSpan span(recorder(), Phase::exchange);
  const Timer gather_timer;
  reducer_->finish();
  step_clock_.exchange += gather_timer.seconds();
  epoch_clock_.exchange += gather_timer.seconds();
}

void Trainer::fail_step(const StepScalars& scalars, const std::exception_ptr& failure) {
  // Every rank is here: whoever failed tells the others.
  collectively(communicator_, [&] {
    if (failure) std::rethrow_exception(failure);
  });
  diverged(std::isfinite(scalars.loss.value()) ? "a rank failed" : "the loss is not finite");
}

void Trainer::diverged(const std::string& what) {
  throw Error(ErrorKind::diverged,
              fmt::format("diverged at step {} (epoch {}): {}; last good checkpoint: {}; try a --learning-rate below {:g} or "
                          "--clip-norm 1",
                          position_.step + 1, position_.epoch + 1, what, last_checkpoint_.empty() ? "none" : last_checkpoint_,
                          config_.schedule.learning_rate),
              Reach::everywhere);
}

void Trainer::finish_epoch() {
  ++position_.epoch;
  position_.step_in_epoch = 0;
  MetricsRecord record = make_record("epoch", epoch_clock_);
  record.epoch = position_.epoch;
  record.loss = epoch_loss_.value() / static_cast<double>(epoch_samples_);
  record.sse = epoch_squared_error_.value() / static_cast<double>(epoch_samples_);
  record.penalty = epoch_penalty_.value() / static_cast<double>(epoch_samples_);
  if (validation_reader_) {
    const PhaseSpan span(recorder(), Phase::validation);
    record.validation_sse = validation_error();
    if (!std::isfinite(*record.validation_sse)) diverged("the validation error is not finite");
  }
  const auto remember = [&](const char* name, double value) { history_[std::string("/history/") + name].push_back(value); };
  remember("epoch", static_cast<double>(record.epoch));
  remember("step", static_cast<double>(record.step));
  remember("loss", record.loss);
  remember("sse", record.sse);
  remember("validation_sse", record.validation_sse.value_or(std::nan("")));
  remember("learning_rate", record.learning_rate);
  if (config_.keep_best && is_best_epoch()) write_weights(folder_.best_path());
  epoch_loss_.clear();
  epoch_squared_error_.clear();
  epoch_penalty_.clear();
  epoch_samples_ = 0;
  write_record(record);
  if (progress_) progress_->epoch(record);
}

double Trainer::validation_error() {
  std::span<const float> parameters = parameters_.span();
  if (update_->averages()) {
    if (average_.empty()) average_ = Buffer<float>(model_.layout().size());
    update_->gather_average(average_.span());
    parameters = average_.span();
  }
  return evaluate(communicator_, model_, parameters, *validation_reader_, transform_, config_.micro_batch, pool_).sse;
}

std::span<const double> Trainer::validation_errors() { return history_["/history/validation_sse"]; }

Index Trainer::plateaus() {
  return schedule_->watches_validation() ? count_plateaus(validation_errors(), config_.schedule.patience) : 0;
}

bool Trainer::is_best_epoch() {
  const auto errors = validation_errors();
  return std::ranges::min_element(errors) == errors.end() - 1;
}

bool Trainer::stopped_early() {
  const auto errors = validation_errors();
  if (config_.early_stopping == 0 || errors.empty()) return false;
  return errors.end() - 1 - std::ranges::min_element(errors) >= config_.early_stopping;
}

void Trainer::write_record(const MetricsRecord& record) {
  collectively(communicator_, [&] {
    if (metrics_) metrics_->write(record);
    if (tensorboard_) tensorboard_->write(record, parameters_.span());
  });
}

void Trainer::log_step() {
  MetricsRecord record = make_record("step", step_clock_);
  record.loss = step_loss_;
  record.sse = step_sse_;
  record.penalty = step_penalty_;
  write_record(record);
  step_clock_ = {};
}

MetricsRecord Trainer::make_record(const std::string& kind, Clock& clock) {
  MetricsRecord record;
  record.kind = kind;
  record.epoch = position_.epoch + 1;
  record.step = position_.step;
  record.learning_rate = learning_rate_;
  record.gradient_norm = gradient_norm_;
  record.samples_per_second = static_cast<double>(clock.samples) / clock.wall.seconds();
  record.seconds_compute = communicator_.max(clock.compute);
  record.seconds_exchange_exposed = communicator_.max(clock.exchange);
  record.seconds_input_wait = communicator_.max(clock.input);
  record.resident_bytes = communicator_.max(resident_bytes());
  return record;
}

}  // namespace hourglass
