#include "config/settings.hpp"

#include <gtest/gtest.h>

#include <set>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

// A configuration in which no setting has its default.
TrainConfig unusual() {
  TrainConfig config;
  apply_text(
      "[data]\ndata = a.h5:/x\nvalidation=b.h5:/y\nnormalize = standardize\nshuffle-block = "
      "7\nshuffle-window = 9\nmemory = "
      "100MiB\nallow-external = true\n"
      "select-rows = 0:50\nselect-columns = 1,3\nhighly-variable = 6\ncondition = "
      "c.h5:/c\nvalidation-condition = v.h5:/c\nunknown-condition = true\nwindow = 8\nstride = "
      "2\nsample-weights = "
      "w.h5:/w\nvalidation-fraction = 0.25\nfolds = 5\nfold = 2\nvalidation-group = "
      "g.h5:/g\nsplit-seed = 3\n"
      "accept-fill = true\nchannels = first\nvalidation-scale = "
      "255\n"
      "target = y.h5:/y\ntarget-normalize = none\nvalidation-target = v.h5:/y\n"
      "missing = mask\nmissing-value = -999,1e+30\nmissing-indicator = true\n"
      "counts = log1p\nempty-counts = drop\ntarget-sum = 10000\nlibrary = latent\nsparse-input = "
      "on\n"
      "[model]\nlayers = 4x5,conv:2x3s2,3\ndecoder-layers = "
      "3,2x3x2,tconv:1x3s2x1o1x0,20\nactivation = tanh\ncode-activation = "
      "sigmoid\n"
      "output-activation = linear\nloss = bce\nloss-reduction = sum\ninitialization = sparse\n"
      "huber-delta = 0.5\ndispersion = gene-cell\nfeature-weights = w.h5:/w\ngroup-weights = "
      "age=2\ntied = "
      "true\nlayer-norm = true\nimage-shape = "
      "4x5\n"
      "[regularization]\ncorruption = stripes\ncorruption-strength = 0.25\ncorrupted-weight = "
      "2\nclean-weight = 0.5\n"
      "hidden-noise = dropout:0.5,2=gaussian:0.1\ncode-noise = gaussian:0.1\ncode-noise-before = "
      "true\nl1 = 0.001\nhidden-l1 = "
      "1=0.002,3=0.1\n"
      "l1-warmup = 7steps\nkl-weight = 0.1\nkl-target = 0.1\nk-sparse = 2\nk-sparse-alpha = "
      "1.5\ncontractive = "
      "0.01\ncontractive-method = exact\n"
      "contractive-probes = 3\nhessian-weight = 0.1\nhessian-sigma = 0.2\nhessian-samples = "
      "2\nvariational = true\nbeta = 4\nbeta-warmup = 3epochs\nbeta-cycles = 2\n"
      "free-bits = 0.1\npredictive = true\npredictive-weight = 0.5\npredictive-iterations = 7\n"
      "[sparse codes]\nsparsity = topk:2\nl0 = 0.1\nl0-warmup = 2epochs\njumprelu-bandwidth = "
      "0.01\nk-start = 3\nk-anneal = 5steps\npre-bias = mean\nunit-norm-decoder = "
      "true\ntied-initialization = true\naux-k = 7\naux-weight = "
      "0.1\nmatryoshka = 1,2\ndead-after = 100\nresample-dead = "
      "5steps\n"
      "[optimizer]\noptimizer = sgd\nlearning-rate = 0.1\nmomentum = 0.9\nnesterov = "
      "true\nmomentum-schedule = "
      "sutskever\nbeta1 = 0.8\nbeta2 = 0.99\n"
      "centered = true\ntrust-coefficient = 0.02\nencoder-rate-factor = 2\ndecoder-rate-factor = "
      "3\nbias-rate-factor = 4\n"
      "encoder-decay-factor = 5\ndecoder-decay-factor = 6\nema = 0.99\nsparse-update = "
      "true\ndecay-power = "
      "2\nperiod-factor = 3\npatience = 7\n"
      "scale-learning-rate = linear\nbase-batch = 100\nearly-stopping = 9\nkeep-best = true\n"
      "epsilon = 1e-06\nweight-decay = 0.0001\ndecay-biases = false\nclip-norm = 2.5\nschedule = "
      "cosine\n"
      "final-learning-rate = 0.001\ndecay-factor = 0.5\ndecay-epochs = 3\nwarmup-epochs = "
      "0.5\nbatch = 96\nmicro-batch = 32\n"
      "epochs = 4\nseed = 18446744073709551615\nlbfgs-history = 7\nprecondition-block = 64\n"
      "precondition-every = 5\nstatistics-every = 3\nstatistics-decay = 0.9\n"
      "precondition-damping = 0.001\nprecondition-exponent = 0.5\ngraft = adam\nkfac-damping = "
      "0.1\nkfac-damping-rule = adaptive\nkfac-momentum = quadratic\n"
      "optimizer-precision = bf16\nline-search = "
      "armijo\nline-search-evaluations = 9\n"
      "[pretraining]\npretrain = rbm\npretrain-epochs = 3,4\npretrain-learning-rate = "
      "0.1,0.01\npretrain-weight-decay = 0.001\n"
      "pretrain-optimizer = adam\npretrain-momentum = 0.8\npretrain-batch = "
      "64\npretrain-corruption = gaussian\n"
      "pretrain-corruption-strength = 0.5\nrbm-steps = 3\nrbm-sample-visible = true\n"
      "[transfer]\ninit-from = m.h5\ninit-layers = encoder,3\nfreeze = 1,2\nteacher = "
      "t.h5\ndistill = outputs\n"
      "distill-weight = 0.25\n"
      "[run]\nthreads = 2\nreduction = allreduce\nbucket-bytes = 65536\nsparse-exchange = "
      "always\ndictionary-shards = 2\noverlap = false\noutput = "
      "out\ncheckpoint-every = "
      "2.5s\nkeep = 2\nkeep-every = 5steps\n"
      "log-every = 5\nprogress = none\ntensorboard = true\nprecision = bf16\nforce-precision = "
      "true\ngemm = "
      "onednn\ngradient-wire = bf16\nsync-every = 8\nsync-groups = 2\nouter-rate = "
      "0.5\nouter-momentum = 0.8\nprofile = true\ntrace = t.json\n"
      "[reliability]\ntime-limit = 1-02:00:30\nstop-signal = USR2\nwatchdog = 2.5m\n"
      "verify-every = 100\ncheckpoint-async = true\n",
      "test", config);
  return config;
}

TEST(Settings, text_of_every_setting_reads_back_exactly) {
  const TrainConfig config = unusual();
  TrainConfig again;
  apply_text(to_text(config), "text", again);
  EXPECT_EQ(to_text(again), to_text(config));
  const TrainConfig standard;
  for (const Setting& setting : train_settings()) {
    EXPECT_NE(setting.get(config), setting.get(standard))
        << setting.name << " is not covered by this test";
    EXPECT_EQ(setting.get(again), setting.get(config)) << setting.name;
  }
}

TEST(Settings, default_text_is_a_valid_file) {
  TrainConfig config;
  apply_text(to_text(TrainConfig{}), "defaults", config);
  EXPECT_EQ(to_text(config), to_text(TrainConfig{}));
}

TEST(Settings, names_are_unique_and_sections_contiguous) {
  std::set<std::string> names;
  std::set<std::string> sections;
  std::string section;
  for (const Setting& setting : train_settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    if (setting.section != section) {
      EXPECT_TRUE(sections.insert(setting.section).second);
      section = setting.section;
    }
  }
}

TEST(Settings, messages_name_line_and_nearest_name) {
  TrainConfig config;
  const auto text =
      message_of([&] { apply_text("# comment\nlerning-rate = 1\n", "run.cfg", config); });
  EXPECT_NE(text.find("run.cfg, line 2"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean 'learning-rate'"), std::string::npos) << text;
  EXPECT_NE(
      message_of([&] { apply_text("epochs = 3\nepochs = 4\n", "f", config); }).find("already"),
      std::string::npos);
  EXPECT_NE(message_of([&] { apply_text("epochs\n", "f", config); }).find("name = value"),
            std::string::npos);
}

TEST(Settings, bad_values_name_the_setting) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"epochs", "three"},
                                                        {"epochs", "3.5"},
                                                        {"epochs", ""},
                                                        {"learning-rate", "nan"},
                                                        {"learning-rate", "1e999"},
                                                        {"learning-rate", "0.1x"},
                                                        {"seed", "-1"},
                                                        {"layers", "784,,30"},
                                                        {"layers", "784;30"},
                                                        {"activation", "rleu"},
                                                        {"loss", "msee"},
                                                        {"loss-reduction", "max"},
                                                        {"optimizer", "adaam"},
                                                        {"nesterov", "maybe"},
                                                        {"memory", "4GB"},
                                                        {"memory", "99999999999TiB"},
                                                        {"checkpoint-every", "3weeks"},
                                                        {"checkpoint-every", "0.5steps"},
                                                        {"beta-warmup", "10"},
                                                        {"beta-warmup", "5s"},
                                                        {"l1-warmup", "1.5epochs"},
                                                        {"reduction", "ring"},
                                                        {"progress", "loud"}}) {
    TrainConfig config;
    const auto text =
        message_of([&, &name = name, &value = value] { find_setting(name).set(config, value); });
    EXPECT_NE(text.find("--" + name), std::string::npos) << name << " = " << value << ": " << text;
  }
}

TEST(Settings, resume_refuses_what_shapes_the_trajectory) {
  TrainConfig stored;
  stored.data = "a.h5";
  TrainConfig wanted = stored;
  wanted.threads = 8;
  wanted.keep = 9;
  wanted.epochs = 20;
  wanted.data = "moved.h5";
  EXPECT_NO_THROW(check_resumable(stored, wanted));
  wanted.batch = 256;
  EXPECT_NE(message_of([&] { check_resumable(stored, wanted); }).find("--batch"),
            std::string::npos);
  TrainConfig longer = stored;
  longer.epochs = 20;
  stored.schedule.name = longer.schedule.name = "cosine";
  EXPECT_NE(message_of([&] { check_resumable(stored, longer); }).find("--epochs"),
            std::string::npos);
}

TEST(Settings, bytes_round_trip) {
  for (const char* text : {"0", "1", "1023", "1KiB", "1025", "100MiB", "4GiB", "2TiB", "auto"}) {
    EXPECT_EQ(format_bytes(parse_bytes("memory", text)), text);
  }
}

TEST(Settings, contradictions_are_refused_naming_both) {
  TrainConfig config;
  config.data = "x.h5";
  config.output = "run";
  config.model.encoder = {8, 2};
  EXPECT_NO_THROW(validate(config));
  config.batch = 100;
  config.micro_batch = 64;
  const auto text = message_of([&] { validate(config); });
  EXPECT_NE(text.find("--batch"), std::string::npos);
  EXPECT_NE(text.find("--micro-batch"), std::string::npos);
}

}  // namespace
}  // namespace hourglass
