#include "config/setting_rows.hpp"
#include "optim/graft.hpp"

namespace hourglass {

std::vector<Setting> optimizer_settings() {
  const std::string s = "optimizer";
  std::vector<std::string> optimizers = optimizer_names();
  optimizers.emplace_back(lbfgs_name);
  return {
      choice_setting({"optimizer", s, "Optimizer"}, optimizers,
                     [](TrainConfig& c) -> std::string& { return c.optimizer.name; }),
      number_setting(
          {"learning-rate", s,
           "Base learning rate; each optimizer has its own default (docs/optimizers.md)"},
          [](TrainConfig& c) -> double& { return c.schedule.learning_rate; }),
      number_setting(
          {"momentum", s,
           "sgd, rmsprop, lars, muon, shampoo, soap, kfac: momentum coefficient; each has "
           "its own default"},
          [](TrainConfig& c) -> double& { return c.optimizer.momentum; }),
      flag_setting({"nesterov", s, "sgd: Nesterov momentum"},
                   [](TrainConfig& c) -> bool& { return c.optimizer.nesterov; }),
      choice_setting({"momentum-schedule", s, "sgd: momentum schedule, up to --momentum"},
                     {"constant", "sutskever"},
                     [](TrainConfig& c) -> std::string& { return c.optimizer.momentum_schedule; }),
      number_setting({"beta1", s,
                      "adam, adamw, nadam, lamb; muon, shampoo, soap, kfac (biases): decay rate of "
                      "the first moment"},
                     [](TrainConfig& c) -> double& { return c.optimizer.beta1; }),
      number_setting({"beta2", s,
                      "adam, adamw, nadam, lamb, rmsprop, adadelta; muon, shampoo, soap, kfac "
                      "(biases): decay rate of the second moment"},
                     [](TrainConfig& c) -> double& { return c.optimizer.beta2; }),
      number_setting({"epsilon", s, "Term added to the denominator for numerical stability"},
                     [](TrainConfig& c) -> double& { return c.optimizer.epsilon; }),
      flag_setting({"centered", s, "rmsprop: subtract the squared mean from the second moment"},
                   [](TrainConfig& c) -> bool& { return c.optimizer.centered; }),
      number_setting(
          {"trust-coefficient", s,
           "lars: trust coefficient, the norm of a layer's update relative to its weights"},
          [](TrainConfig& c) -> double& { return c.optimizer.trust_coefficient; }),
      number_setting({"weight-decay", s,
                      "L2 penalty, or decoupled weight decay (adamw, lamb, muon, shampoo, soap, "
                      "kfac without --kfac-momentum quadratic)"},
                     [](TrainConfig& c) -> double& { return c.optimizer.weight_decay; }),
      flag_setting({"decay-biases", s, "Apply weight decay to biases as well"},
                   [](TrainConfig& c) -> bool& { return c.update.decay_biases; }),
      number_setting({"encoder-rate-factor", s, "Factor on the encoder's learning rate"},
                     [](TrainConfig& c) -> double& { return c.update.encoder_rate; }),
      number_setting({"decoder-rate-factor", s, "Factor on the decoder's learning rate"},
                     [](TrainConfig& c) -> double& { return c.update.decoder_rate; }),
      number_setting({"bias-rate-factor", s, "Factor on the learning rate of biases"},
                     [](TrainConfig& c) -> double& { return c.update.bias_rate; }),
      number_setting({"encoder-decay-factor", s, "Factor on the encoder's weight decay"},
                     [](TrainConfig& c) -> double& { return c.update.encoder_decay; }),
      number_setting({"decoder-decay-factor", s, "Factor on the decoder's weight decay"},
                     [](TrainConfig& c) -> double& { return c.update.decoder_decay; }),
      integer_setting({"precondition-block", s,
                       "shampoo, soap, kfac: largest side of a block of a weight matrix that is "
                       "preconditioned on its own"},
                      [](TrainConfig& c) -> Index& { return c.optimizer.precondition.block; }),
      integer_setting({"precondition-every", s,
                       "shampoo, soap, kfac: steps between two computations of a root, eigenbasis "
                       "or inverse, to which the interval grows; each has its own default"},
                      [](TrainConfig& c) -> Index& { return c.optimizer.precondition.every; }),
      integer_setting(
          {"statistics-every", s,
           "shampoo, soap, kfac: steps between two updates of the second-order statistics; "
           "shampoo, soap: to which the interval grows; each has its own default"},
          [](TrainConfig& c) -> Index& { return c.optimizer.precondition.statistics_every; }),
      number_setting(
          {"statistics-decay", s,
           "shampoo, soap, kfac: decay rate of these statistics per step; soap: and of the second "
           "moment"},
          [](TrainConfig& c) -> double& { return c.optimizer.precondition.statistics_decay; }),
      number_setting(
          {"precondition-damping", s,
           "shampoo: added to the eigenvalues of the statistics, relative to the largest"},
          [](TrainConfig& c) -> double& { return c.optimizer.precondition.damping; }),
      number_setting({"precondition-exponent", s,
                      "shampoo: exponent p of each preconditioner, statistics^(-p)"},
                     [](TrainConfig& c) -> double& { return c.optimizer.precondition.exponent; }),
      number_setting(
          {"kfac-damping", s,
           "kfac: added to the eigenvalues of each Kronecker factor, relative to their "
           "mean"},
          [](TrainConfig& c) -> double& { return c.optimizer.precondition.kfac_damping; }),
      choice_setting(
          {"kfac-damping-rule", s,
           "kfac: keep --kfac-damping, or adapt it, beginning there, so that a quadratic "
           "model predicts the change of the loss"},
          {"constant", "adaptive"},
          [](TrainConfig& c) -> std::string& {
            return c.optimizer.precondition.kfac_damping_rule;
          }),
      choice_setting(
          {"kfac-momentum", s,
           "kfac: momentum of the gradient by --momentum, or of the step, with the weights that "
           "minimise a quadratic model of the loss, in place of --graft"},
          {"constant", "quadratic"},
          [](TrainConfig& c) -> std::string& { return c.optimizer.precondition.kfac_momentum; }),
      choice_setting({"graft", s, "shampoo, kfac: rule that sets the size of a step"},
                     graft_names(),
                     [](TrainConfig& c) -> std::string& { return c.optimizer.precondition.graft; }),
      choice_setting({"optimizer-precision", s,
                      "muon, shampoo, soap, kfac: precision of the factors of matrix products "
                      "(bf16 requires oneDNN and CPU support)"},
                     {"fp32", "bf16"},
                     [](TrainConfig& c) -> std::string& { return c.optimizer.precision; }),
      integer_setting({"lbfgs-history", s, "lbfgs: history size (correction pairs)"},
                      [](TrainConfig& c) -> Index& { return c.lbfgs_history; }),
      choice_setting({"line-search", s, "lbfgs: strong Wolfe conditions, or Armijo backtracking"},
                     line_search_names(),
                     [](TrainConfig& c) -> std::string& { return c.line_search.kind; }),
      integer_setting({"line-search-evaluations", s,
                       "lbfgs: maximum number of passes over the data per line search"},
                      [](TrainConfig& c) -> Index& { return c.line_search.max_evaluations; }),
      number_setting({"clip-norm", s, "Clip the gradient to this global norm; 0: off"},
                     [](TrainConfig& c) -> double& { return c.clip_norm; }),
      number_setting({"ema", s,
                      "Decay of an exponential moving average of the weights, used for validation "
                      "and model.h5; 0: off"},
                     [](TrainConfig& c) -> double& { return c.update.ema; }),
      flag_setting({"sparse-update", s,
                    "Leave weights and moments as they are where the gradient is 0, as that of "
                    "units of a sparse code that no sample of the batch uses"},
                   [](TrainConfig& c) -> bool& { return c.update.sparse; }),
      choice_setting({"schedule", s, "Learning rate schedule"}, schedule_names(),
                     [](TrainConfig& c) -> std::string& { return c.schedule.name; }),
      number_setting({"final-learning-rate", s,
                      "cosine, cosine-restarts, polynomial, one-cycle: final learning rate"},
                     [](TrainConfig& c) -> double& { return c.schedule.final_learning_rate; }),
      number_setting({"decay-factor", s,
                      "step, exponential: factor per --decay-epochs; plateau: factor per plateau"},
                     [](TrainConfig& c) -> double& { return c.schedule.decay_factor; }),
      number_setting({"decay-epochs", s,
                      "step, exponential: epochs per --decay-factor; cosine-restarts: length of "
                      "the first period"},
                     [](TrainConfig& c) -> double& { return c.schedule.decay_epochs; }),
      number_setting({"decay-power", s, "polynomial: exponent"},
                     [](TrainConfig& c) -> double& { return c.schedule.decay_power; }),
      number_setting({"period-factor", s, "cosine-restarts: factor on the length of each period"},
                     [](TrainConfig& c) -> double& { return c.schedule.period_factor; }),
      integer_setting(
          {"patience", s, "plateau: epochs without improvement of the validation error"},
          [](TrainConfig& c) -> Index& { return c.schedule.patience; }),
      number_setting({"warmup-epochs", s, "Epochs of linear warm-up before the schedule"},
                     [](TrainConfig& c) -> double& { return c.schedule.warmup_epochs; }),
      choice_setting(
          {"scale-learning-rate", s, "Scale the learning rate by --batch / --base-batch"},
          {"none", "linear", "sqrt"},
          [](TrainConfig& c) -> std::string& { return c.schedule.scaling; }),
      integer_setting({"base-batch", s,
                       "Batch size to which --learning-rate refers, for --scale-learning-rate"},
                      [](TrainConfig& c) -> Index& { return c.schedule.base_batch; }),
      integer_setting(
          {"early-stopping", s,
           "Stop after this many epochs without improvement of the validation error; 0: never"},
          [](TrainConfig& c) -> Index& { return c.early_stopping; }),
      flag_setting({"keep-best", s,
                    "Write the model of the epoch with the best validation error to model.h5"},
                   [](TrainConfig& c) -> bool& { return c.keep_best; }),
      integer_setting({"batch", s, "Global batch size: samples per update over all ranks"},
                      [](TrainConfig& c) -> Index& { return c.batch; }),
      integer_setting(
          {"micro-batch", s,
           "Samples processed together by one thread; batch / micro-batch is the number of shards"},
          [](TrainConfig& c) -> Index& { return c.micro_batch; }),
      integer_setting({"epochs", s, "Number of passes over the training data"},
                      [](TrainConfig& c) -> Index& { return c.epochs; }),
      integer_setting({"seed", s, "Random seed"},
                      [](TrainConfig& c) -> std::uint64_t& { return c.seed; }),
  };
}

}  // namespace hourglass
