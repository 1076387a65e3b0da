#include "setting_rows.hpp"

namespace hourglass {

std::vector<Setting> optimizer_settings() {
  const std::string s = "optimizer";
  return {
      choice_setting({"optimizer", s, "Update rule"}, optimizer_names(),
                     [](TrainConfig& c) -> std::string& { return c.optimizer.name; }),
      number_setting({"learning-rate", s, "Base learning rate"},
                     [](TrainConfig& c) -> double& { return c.schedule.learning_rate; }),
      number_setting({"momentum", s, "sgd: momentum"}, [](TrainConfig& c) -> double& { return c.optimizer.momentum; }),
      flag_setting({"nesterov", s, "sgd: Nesterov's momentum"}, [](TrainConfig& c) -> bool& { return c.optimizer.nesterov; }),
      number_setting({"beta1", s, "adam, adamw: decay of the mean"},
                     [](TrainConfig& c) -> double& { return c.optimizer.beta1; }),
      number_setting({"beta2", s, "adam, adamw: decay of the variance"},
                     [](TrainConfig& c) -> double& { return c.optimizer.beta2; }),
      number_setting({"epsilon", s, "adam, adamw: term added to the root of the variance"},
                     [](TrainConfig& c) -> double& { return c.optimizer.epsilon; }),
      number_setting({"weight-decay", s, "L2 penalty (sgd, adam) or decoupled decay (adamw)"},
                     [](TrainConfig& c) -> double& { return c.optimizer.weight_decay; }),
      flag_setting({"decay-biases", s, "Whether weight decay also applies to biases"},
                   [](TrainConfig& c) -> bool& { return c.decay_biases; }),
      number_setting({"clip-norm", s, "Largest global norm of the gradient; 0: no clipping"},
                     [](TrainConfig& c) -> double& { return c.clip_norm; }),
      choice_setting({"schedule", s, "Learning rate over time"}, schedule_names(),
                     [](TrainConfig& c) -> std::string& { return c.schedule.name; }),
      number_setting({"final-learning-rate", s, "cosine: the rate at the end"},
                     [](TrainConfig& c) -> double& { return c.schedule.final_learning_rate; }),
      number_setting({"decay-factor", s, "step: factor at every decay"},
                     [](TrainConfig& c) -> double& { return c.schedule.decay_factor; }),
      number_setting({"decay-epochs", s, "step: epochs between decays"},
                     [](TrainConfig& c) -> double& { return c.schedule.decay_epochs; }),
      number_setting({"warmup-epochs", s, "Linear warm-up before the schedule begins"},
                     [](TrainConfig& c) -> double& { return c.schedule.warmup_epochs; }),
      integer_setting({"batch", s, "Global batch: samples of one update, over all ranks"},
                      [](TrainConfig& c) -> Index& { return c.batch; }),
      integer_setting({"micro-batch", s, "Samples computed together by one thread; batch/micro-batch is the number of shards"},
                      [](TrainConfig& c) -> Index& { return c.micro_batch; }),
      integer_setting({"epochs", s, "Passes over the training data"}, [](TrainConfig& c) -> Index& { return c.epochs; }),
      integer_setting({"seed", s, "Seed of every random number"}, [](TrainConfig& c) -> std::uint64_t& { return c.seed; }),
  };
}

}  // namespace hourglass
