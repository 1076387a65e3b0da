"""The settings of a training as keywords. scripts/python_settings.py writes this file."""
from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

Flag = Optional[bool]
Number = Union[None, float, str, Sequence[float]]
Text = Union[None, str, "os.PathLike[str]", Sequence[Any]]

# name as on the command line -> (section, default, whether it affects the weights)
SETTINGS: Dict[str, Tuple[str, str, bool]] = {
    "data": ("data", "", False),
    "validation": ("data", "", False),
    "target": ("data", "", False),
    "target-normalize": ("data", "auto", True),
    "validation-target": ("data", "", False),
    "validation-scale": ("data", "0", False),
    "allow-external": ("data", "false", False),
    "accept-fill": ("data", "false", False),
    "channels": ("data", "auto", True),
    "normalize": ("data", "auto", True),
    "missing": ("data", "refuse", True),
    "missing-value": ("data", "", True),
    "missing-indicator": ("data", "false", True),
    "counts": ("data", "none", True),
    "empty-counts": ("data", "refuse", True),
    "target-sum": ("data", "0", True),
    "library": ("data", "observed", True),
    "sparse-input": ("data", "auto", True),
    "shuffle-block": ("data", "32", True),
    "shuffle-window": ("data", "64", True),
    "memory": ("data", "auto", False),
    "select-rows": ("data", "", False),
    "select-columns": ("data", "", False),
    "highly-variable": ("data", "0", True),
    "window": ("data", "0", True),
    "stride": ("data", "1", True),
    "sample-weights": ("data", "", False),
    "condition": ("data", "", False),
    "validation-condition": ("data", "", False),
    "unknown-condition": ("data", "false", True),
    "validation-fraction": ("data", "0", True),
    "folds": ("data", "0", True),
    "fold": ("data", "0", True),
    "validation-group": ("data", "", False),
    "split-seed": ("data", "1", True),
    "layers": ("model", "", True),
    "decoder-layers": ("model", "", True),
    "activation": ("model", "relu", True),
    "code-activation": ("model", "linear", True),
    "output-activation": ("model", "sigmoid", True),
    "loss": ("model", "mse", True),
    "loss-reduction": ("model", "mean", True),
    "initialization": ("model", "glorot-uniform", True),
    "feature-weights": ("model", "", True),
    "group-weights": ("model", "", True),
    "huber-delta": ("model", "1", True),
    "dispersion": ("model", "gene", True),
    "tied": ("model", "false", True),
    "layer-norm": ("model", "false", True),
    "image-shape": ("model", "", True),
    "corruption": ("regularization", "none", True),
    "corruption-strength": ("regularization", "0.3", True),
    "corrupted-weight": ("regularization", "1", True),
    "clean-weight": ("regularization", "1", True),
    "hidden-noise": ("regularization", "none", True),
    "code-noise": ("regularization", "none", True),
    "code-noise-before": ("regularization", "false", True),
    "l1": ("regularization", "0", True),
    "hidden-l1": ("regularization", "0", True),
    "l1-warmup": ("regularization", "0", True),
    "kl-weight": ("regularization", "0", True),
    "kl-target": ("regularization", "0.05", True),
    "k-sparse": ("regularization", "0", True),
    "k-sparse-alpha": ("regularization", "1", True),
    "contractive": ("regularization", "0", True),
    "contractive-method": ("regularization", "auto", True),
    "contractive-probes": ("regularization", "1", True),
    "hessian-weight": ("regularization", "0", True),
    "hessian-sigma": ("regularization", "0.1", True),
    "hessian-samples": ("regularization", "1", True),
    "variational": ("regularization", "false", True),
    "beta": ("regularization", "1", True),
    "beta-warmup": ("regularization", "0", True),
    "beta-cycles": ("regularization", "1", True),
    "free-bits": ("regularization", "0", True),
    "predictive": ("regularization", "false", True),
    "predictive-weight": ("regularization", "1", True),
    "predictive-iterations": ("regularization", "20", True),
    "sparsity": ("sparse codes", "none", True),
    "l0": ("sparse codes", "0", True),
    "l0-warmup": ("sparse codes", "0", True),
    "jumprelu-bandwidth": ("sparse codes", "0.001", True),
    "k-start": ("sparse codes", "0", True),
    "k-anneal": ("sparse codes", "0", True),
    "pre-bias": ("sparse codes", "none", True),
    "unit-norm-decoder": ("sparse codes", "false", True),
    "tied-initialization": ("sparse codes", "false", True),
    "aux-k": ("sparse codes", "auto", True),
    "aux-weight": ("sparse codes", "0.03125", True),
    "matryoshka": ("sparse codes", "", True),
    "dead-after": ("sparse codes", "0", True),
    "resample-dead": ("sparse codes", "0", True),
    "optimizer": ("optimizer", "adam", True),
    "learning-rate": ("optimizer", "0.001", True),
    "momentum": ("optimizer", "0", True),
    "nesterov": ("optimizer", "false", True),
    "momentum-schedule": ("optimizer", "constant", True),
    "beta1": ("optimizer", "0.9", True),
    "beta2": ("optimizer", "0.999", True),
    "epsilon": ("optimizer", "1e-08", True),
    "centered": ("optimizer", "false", True),
    "trust-coefficient": ("optimizer", "0.001", True),
    "weight-decay": ("optimizer", "0", True),
    "decay-biases": ("optimizer", "true", True),
    "encoder-rate-factor": ("optimizer", "1", True),
    "decoder-rate-factor": ("optimizer", "1", True),
    "bias-rate-factor": ("optimizer", "1", True),
    "encoder-decay-factor": ("optimizer", "1", True),
    "decoder-decay-factor": ("optimizer", "1", True),
    "precondition-block": ("optimizer", "1024", True),
    "precondition-every": ("optimizer", "20", True),
    "statistics-every": ("optimizer", "2", True),
    "statistics-decay": ("optimizer", "0.95", True),
    "precondition-damping": ("optimizer", "1e-06", True),
    "precondition-exponent": ("optimizer", "0.25", True),
    "kfac-damping": ("optimizer", "0.5", True),
    "kfac-damping-rule": ("optimizer", "constant", True),
    "kfac-momentum": ("optimizer", "constant", True),
    "graft": ("optimizer", "spectral", True),
    "optimizer-precision": ("optimizer", "fp32", True),
    "lbfgs-history": ("optimizer", "10", True),
    "line-search": ("optimizer", "wolfe", True),
    "line-search-evaluations": ("optimizer", "20", True),
    "clip-norm": ("optimizer", "0", True),
    "ema": ("optimizer", "0", True),
    "sparse-update": ("optimizer", "false", True),
    "schedule": ("optimizer", "constant", True),
    "final-learning-rate": ("optimizer", "0", True),
    "decay-factor": ("optimizer", "0.1", True),
    "decay-epochs": ("optimizer", "10", True),
    "decay-power": ("optimizer", "1", True),
    "period-factor": ("optimizer", "2", True),
    "patience": ("optimizer", "5", True),
    "warmup-epochs": ("optimizer", "0", True),
    "scale-learning-rate": ("optimizer", "none", True),
    "base-batch": ("optimizer", "256", True),
    "early-stopping": ("optimizer", "0", True),
    "keep-best": ("optimizer", "false", True),
    "batch": ("optimizer", "1024", True),
    "micro-batch": ("optimizer", "128", True),
    "epochs": ("optimizer", "10", True),
    "seed": ("optimizer", "1", True),
    "pretrain": ("pretraining", "none", True),
    "pretrain-epochs": ("pretraining", "10", True),
    "pretrain-learning-rate": ("pretraining", "", True),
    "pretrain-weight-decay": ("pretraining", "", True),
    "pretrain-optimizer": ("pretraining", "auto", True),
    "pretrain-momentum": ("pretraining", "0.9", True),
    "pretrain-batch": ("pretraining", "0", True),
    "pretrain-corruption": ("pretraining", "masking", True),
    "pretrain-corruption-strength": ("pretraining", "0.25", True),
    "rbm-steps": ("pretraining", "1", True),
    "rbm-sample-visible": ("pretraining", "false", True),
    "init-from": ("transfer", "", True),
    "init-layers": ("transfer", "", True),
    "freeze": ("transfer", "", True),
    "teacher": ("transfer", "", False),
    "distill": ("transfer", "codes", True),
    "distill-weight": ("transfer", "0.5", True),
    "threads": ("run", "1", False),
    "reduction": ("run", "tree", True),
    "bucket-bytes": ("run", "4MiB", False),
    "sparse-exchange": ("run", "auto", False),
    "dictionary-shards": ("run", "1", False),
    "overlap": ("run", "true", False),
    "precision": ("run", "fp32", True),
    "force-precision": ("run", "false", False),
    "gemm": ("run", "openblas", True),
    "gradient-wire": ("run", "fp32", True),
    "sync-every": ("run", "0", True),
    "sync-groups": ("run", "0", True),
    "outer-rate": ("run", "0.7", True),
    "outer-momentum": ("run", "0.9", True),
    "output": ("run", "", False),
    "checkpoint-every": ("run", "1epochs", False),
    "keep": ("run", "3", False),
    "keep-every": ("run", "0epochs", False),
    "log-every": ("run", "100", False),
    "tensorboard": ("run", "false", False),
    "progress": ("run", "auto", False),
    "profile": ("run", "false", False),
    "trace": ("run", "", False),
    "time-limit": ("reliability", "0s", False),
    "stop-signal": ("reliability", "USR1", False),
    "watchdog": ("reliability", "0s", False),
    "verify-every": ("reliability", "0", False),
    "checkpoint-async": ("reliability", "false", False),
}


class TrainingParameters:
    """Every setting of the program as a parameter; None is the program's default, in brackets.

    Parameters
    ----------
    layers
        Encoder layers from the input to the code: [784, 256, 30], or an image shape and
        convolutions: ["28x28", "conv:16x3s2", 30]. A first item None stands for the number of
        features of the data. None: [features, features / 2, features / 4].
    ranks, launcher, sbatch, program
        How the program is started, as for hourglass.start().
    config
        Settings file; parameters that are given take precedence over it.
    run_folder
        Where checkpoints, metrics and model.h5 stay; None: in a temporary folder that is removed.
    verbose
        Whether fit() shows its progress: a bar where tqdm is installed.
    target
        What to make of the samples, instead of themselves: FILE.h5:/path of as many rows as --data
        (transcoders, noisy and clean pairs)
    target_normalize
        Conversion of stored values of --target, with its own mean and deviation: auto (as
        --normalize), none, unit, standardize [auto]
    validation_target
        The same of --validation
    validation_scale
        Factor by which values of --validation become like those of --data; 0: they are compared,
        and what is certain is converted [0]
    allow_external
        Allow data files to refer to other files (external links, external storage, virtual data
        sets) and to use filter plug-ins [false]
    accept_fill
        Read rows that were never written as the fill value that the file declares [false]
    channels
        Where the channels of a sample stand: first (C x H x W, as in PyTorch), last (H x W x C),
        auto (as the names or the extents of its axes make plain) [auto]
    normalize
        Conversion of stored values to inputs: auto (integers to [0,1], floats unchanged), none,
        unit, standardize, unit-mean-square (one factor for all features: their squared distances
        from their means average 1) [auto]
    missing
        Treatment of missing elements (NaN, --missing-value): refuse, mask (left out of the loss,
        the network is fed the feature's mean), mean (replaced by it) [refuse]
    missing_value
        Stored numbers that stand for missing elements, comma-separated, e.g. -999
    missing_indicator
        mask: also feed the network the mask, one more input per feature: 1 where it is missing
        [false]
    counts
        Input of the network for samples of raw counts, which stay the target: none (the counts
        themselves), log1p (ln(1 + count / size factor); needs --loss nb, zinb or poisson) [none]
    empty_counts
        Samples and features of raw counts that have none (--loss nb or zinb, or --counts): refuse
        the data, drop them (kept as --select-rows and --select-columns), keep them [refuse]
    target_sum
        log1p: sum of the counts of a sample whose size factor is 1; 0: the median of the training
        samples [0]
    library
        log1p: size factors of the means: observed (from the sum of a sample's counts), latent (a
        further unit of the posterior with the libraries of the training samples as its prior; needs
        --variational) [observed]
    sparse_input
        Whether the first layer multiplies only inputs that are not zero: on, off, auto (with
        --counts, and for samples that are stored sparse) [auto]
    shuffle_block
        Rows per shuffle block: contiguous on disk, kept together until the window shuffle [32]
    shuffle_window
        Blocks per shuffle window, whose rows are shuffled together [64]
    memory
        Bytes of training data held in memory per rank (e.g. 4GiB); larger shards are streamed, 0
        always streams; auto: half of the node's memory, divided by its ranks [auto]
    select_rows
        Rows of --data to use, numbered from 0: numbers, ranges and data sets of booleans or
        indices, separated by commas (0:1000,2000:3000:2,FILE.h5:/mask)
    select_columns
        Columns to use, in this order: as for --select-rows, or their names; all: every column, also
        where a model was trained on some
    highly_variable
        Choose this many columns (genes) of raw counts, those of the highest normalised dispersion,
        and keep the choice as --select-columns; 0: all [0]
    window
        Samples are sliding windows of this many rows of a time series (rows are time steps, every
        data set of a list is a series of its own); 0: rows [0]
    stride
        Rows from one window to the next [1]
    unknown_condition
        Samples without a category, or of one not in the training data, are taken for unknown
        instead of refused [false]
    validation_fraction
        Hold out about this share of the rows of --data for validation, drawn at random [0]
    folds
        Cross-validation: every row belongs to one of this many folds, drawn [0]
    fold
        The fold held out for validation, 1 to --folds [0]
    validation_group
        FILE.h5:/path of a whole number for each row of --data: rows of the same number are held out
        together
    split_seed
        Seed of the draw of rows for validation [1]
    decoder_layers
        Decoder layers from the code to the output, e.g. 30,7x7x32,tconv:16x3s2,tconv:1x3s2; empty:
        the mirrored encoder
    activation
        Activation function of the hidden layers: linear, sigmoid, tanh, relu, leaky-relu, elu,
        selu, gelu, softplus, silu [relu]
    code_activation
        Activation function of the code layer [linear]
    output_activation
        Activation function of the output layer [sigmoid]
    loss
        Loss function: mse, bce, mae, huber, log-cosh, poisson, cosine, ssim, mixed, nb, zinb [mse]
    loss_reduction
        Reduction of the loss over the features of a sample: mean (as in PyTorch) or sum, the
        default with --variational [mean]
    initialization
        Initialization of the weights: glorot-uniform, glorot-normal, he-uniform, he-normal,
        lecun-uniform, lecun-normal, pytorch, sparse [glorot-uniform]
    feature_weights
        Weights of the features in the loss: FILE.h5:/dataset with one number per feature, or
        inverse-variance; empty: all 1
    group_weights
        mixed: weights of columns in the loss, e.g. colour=2,age=0.5; the others have 1
    huber_delta
        huber: error above which the loss is linear [1]
    dispersion
        nb, zinb: dispersion of each gene (gene), or of each gene in each cell, a further output of
        the network (gene-cell) [gene]
    tied
        Tie the decoder's weights to the encoder's, transposed [false]
    layer_norm
        Layer normalization before the activation function of hidden layers [false]
    image_shape
        Height x width [x channels] of a sample, e.g. 28x28; empty: as in the data set
    corruption
        Corruption of the input (denoising autoencoder): none, gaussian, masking, salt-pepper,
        block, stripes [none]
    corruption_strength
        gaussian: standard deviation; masking, salt-pepper, stripes: probability; block: fraction of
        the image's area [0.3]
    corrupted_weight
        Weight of the loss on corrupted components (emphasis) [1]
    clean_weight
        Weight of the loss on uncorrupted components; 0: only corrupted components count [1]
    hidden_noise
        Noise on hidden activations: none, gaussian:DEVIATION or dropout:PROBABILITY; per layer:
        1=dropout:0.2,2=gaussian:0.1 (numbered from 1 through encoder and decoder, without the code)
        [none]
    code_noise
        Noise on the code, in the form of --hidden-noise [none]
    code_noise_before
        Apply --code-noise before the code's activation function (semantic hashing, with a sigmoid
        code) [false]
    l1
        Weight of the L1 norm of the code (sparse autoencoder) [0]
    hidden_l1
        Weight of the L1 norm of hidden activations, for all layers or per layer: 1=1e-4,3=1e-3 [0]
    l1_warmup
        Linear warm-up of --l1 and --hidden-l1 from 0, e.g. 5epochs or 2000steps [0]
    kl_weight
        Weight of the KL divergence of each code unit's batch mean from --kl-target (sparse
        autoencoder) [0]
    kl_target
        Target mean activation for --kl-weight [0.05]
    k_sparse
        Keep only the K largest code units per sample; 0: all [0]
    k_sparse_alpha
        Factor on K outside of training [1]
    contractive
        Weight of the squared Frobenius norm of the code's Jacobian dh/dx (contractive autoencoder)
        [0]
    contractive_method
        Computation of that norm: auto, closed-form, exact, hutchinson [auto]
    contractive_probes
        hutchinson: random vectors per sample [1]
    hessian_weight
        Weight of |J(x + e) - J(x)|^2, e.g. with --contractive (CAE+H) [0]
    hessian_sigma
        Standard deviation of the perturbation e in --hessian-weight [0.1]
    hessian_samples
        Perturbations e per sample in --hessian-weight [1]
    variational
        Variational autoencoder: the encoder outputs mean and variance of the code's normal
        distribution [false]
    beta
        variational: weight of the KL divergence from the prior [1]
    beta_warmup
        variational: linear warm-up of --beta from 0, e.g. 10epochs or 2000steps; with --variational
        and without --beta by default half of the epochs, at most 10 [0]
    beta_cycles
        variational: number of warm-ups of --beta, each held as long as it lasts before the next
        begins (cyclical annealing) [1]
    free_bits
        variational: KL divergence per unit, in nats, that is not penalized (free bits) [0]
    predictive
        Predictive sparse decomposition: codes z minimize |x - D z|^2 + --l1 |z| +
        --predictive-weight |z - F(x)|^2 [false]
    predictive_weight
        predictive: weight of the encoder's squared distance from z [1]
    predictive_iterations
        predictive: FISTA iterations per code [20]
    sparsity
        Sparse codes, whose cost is that of their active units: topk:K, batch-topk:K,
        jumprelu[:THRESHOLD], l1, gated, or none [none]
    l0
        jumprelu: weight of the number of active units [0]
    l0_warmup
        jumprelu: linear warm-up of --l0 from 0, e.g. 5epochs or 2000steps [0]
    jumprelu_bandwidth
        jumprelu: width of the interval around a threshold in which it has a gradient [0.001]
    k_start
        topk, batch-topk: K at the beginning of --k-anneal; 0: as --sparsity [0]
    k_anneal
        topk, batch-topk: linear change of K from --k-start to that of --sparsity, e.g. 2epochs or
        1000steps [0]
    pre_bias
        Trained vector that is subtracted from the input and added to the reconstruction, and where
        it begins: none, mean, geometric-median; with --sparsity and a linear output by default mean
        [none]
    unit_norm_decoder
        Keep the columns of the decoder's first layer, the atoms of the dictionary, at norm 1, and
        their gradients orthogonal to them; the default with --sparsity [false]
    tied_initialization
        Begin with the encoder's last weight as the decoder's first, transposed; they are then
        trained apart; the default with --sparsity and one layer on each side [false]
    aux_k
        topk, batch-topk: dead units that reconstruct what the code leaves of a sample (auxiliary
        loss): a number, 0 for none, or auto, half of the features [auto]
    aux_weight
        topk, batch-topk: weight of the auxiliary loss of --aux-k [0.03125]
    matryoshka
        topk, batch-topk: prefixes of the code, e.g. 256,1024,4096, that each reconstruct the
        samples alone; the loss is the mean over them and the whole code
    dead_after
        Samples without use after which a unit of a sparse code counts as dead; 0: an eighth of the
        training samples, at least 16 batches and at most 10^7 [0]
    resample_dead
        How often dead units begin anew, each in the direction of a sample that is reconstructed
        badly, e.g. 1epochs or 2000steps; 0: never [0]
    optimizer
        Optimizer: sgd, adam, adamw, nadam, adagrad, rmsprop, adadelta, lars, lamb, muon, shampoo,
        soap, kfac, lbfgs [adam]
    learning_rate
        Base learning rate; each optimizer has its own default (docs/optimizers.md) [0.001]
    momentum
        sgd, rmsprop, lars, muon, shampoo, soap, kfac: momentum coefficient; each has its own
        default [0]
    nesterov
        sgd: Nesterov momentum [false]
    momentum_schedule
        sgd: momentum schedule, up to --momentum: constant, sutskever [constant]
    beta1
        adam, adamw, nadam, lamb; muon, shampoo, soap, kfac (biases): decay rate of the first moment
        [0.9]
    beta2
        adam, adamw, nadam, lamb, rmsprop, adadelta; muon, shampoo, soap, kfac (biases): decay rate
        of the second moment [0.999]
    epsilon
        Term added to the denominator for numerical stability [1e-08]
    centered
        rmsprop: subtract the squared mean from the second moment [false]
    trust_coefficient
        lars: trust coefficient, the norm of a layer's update relative to its weights [0.001]
    weight_decay
        L2 penalty, or decoupled weight decay (adamw, lamb, muon, shampoo, soap, kfac without
        --kfac-momentum quadratic) [0]
    decay_biases
        Apply weight decay to biases as well [true]
    encoder_rate_factor
        Factor on the encoder's learning rate [1]
    decoder_rate_factor
        Factor on the decoder's learning rate [1]
    bias_rate_factor
        Factor on the learning rate of biases [1]
    encoder_decay_factor
        Factor on the encoder's weight decay [1]
    decoder_decay_factor
        Factor on the decoder's weight decay [1]
    precondition_block
        shampoo, soap, kfac: largest side of a block of a weight matrix that is preconditioned on
        its own [1024]
    precondition_every
        shampoo, soap, kfac: steps between two computations of a root, eigenbasis or inverse, to
        which the interval grows; each has its own default [20]
    statistics_every
        shampoo, soap, kfac: steps between two updates of the second-order statistics; shampoo,
        soap: to which the interval grows; each has its own default [2]
    statistics_decay
        shampoo, soap, kfac: decay rate of these statistics per step; soap: and of the second moment
        [0.95]
    precondition_damping
        shampoo: added to the eigenvalues of the statistics, relative to the largest [1e-06]
    precondition_exponent
        shampoo: exponent p of each preconditioner, statistics^(-p) [0.25]
    kfac_damping
        kfac: added to the eigenvalues of each Kronecker factor, relative to their mean [0.5]
    kfac_damping_rule
        kfac: keep --kfac-damping, or adapt it, beginning there, so that a quadratic model predicts
        the change of the loss: constant, adaptive [constant]
    kfac_momentum
        kfac: momentum of the gradient by --momentum, or of the step, with the weights that minimise
        a quadratic model of the loss, in place of --graft: constant, quadratic [constant]
    graft
        shampoo, kfac: rule that sets the size of a step: spectral, adam, sgd [spectral]
    optimizer_precision
        muon, shampoo, soap, kfac: precision of the factors of matrix products (bf16 requires oneDNN
        and CPU support): fp32, bf16 [fp32]
    lbfgs_history
        lbfgs: history size (correction pairs) [10]
    line_search
        lbfgs: strong Wolfe conditions, or Armijo backtracking: wolfe, armijo [wolfe]
    line_search_evaluations
        lbfgs: maximum number of passes over the data per line search [20]
    clip_norm
        Clip the gradient to this global norm; 0: off [0]
    ema
        Decay of an exponential moving average of the weights, used for validation and model.h5; 0:
        off [0]
    sparse_update
        Leave weights and moments as they are where the gradient is 0, as that of units of a sparse
        code that no sample of the batch uses [false]
    schedule
        Learning rate schedule: constant, step, exponential, polynomial, cosine, cosine-restarts,
        one-cycle, inverse-sqrt, plateau [constant]
    final_learning_rate
        cosine, cosine-restarts, polynomial, one-cycle: final learning rate [0]
    decay_factor
        step, exponential: factor per --decay-epochs; plateau: factor per plateau [0.1]
    decay_epochs
        step, exponential: epochs per --decay-factor; cosine-restarts: length of the first period
        [10]
    decay_power
        polynomial: exponent [1]
    period_factor
        cosine-restarts: factor on the length of each period [2]
    patience
        plateau: epochs without improvement of the validation error [5]
    warmup_epochs
        Epochs of linear warm-up before the schedule [0]
    scale_learning_rate
        Scale the learning rate by --batch / --base-batch: none, linear, sqrt [none]
    base_batch
        Batch size to which --learning-rate refers, for --scale-learning-rate [256]
    early_stopping
        Stop after this many epochs without improvement of the validation error; 0: never [0]
    keep_best
        Write the model of the epoch with the best validation error to model.h5 [false]
    batch
        Global batch size: samples per update over all ranks [1024]
    micro_batch
        Samples processed together by one thread; batch / micro-batch is the number of shards [128]
    epochs
        Number of passes over the training data [10]
    seed
        Random seed [1]
    pretrain
        Greedy layer-wise pretraining before the whole network is trained: none, autoencoder,
        denoising, rbm [none]
    pretrain_epochs
        Epochs per layer: one number for all layers, or a list [10]
    pretrain_learning_rate
        Learning rate, or a list with one per layer; empty: 0.1 for rbm (0.001 with Gaussian units),
        otherwise --learning-rate
    pretrain_weight_decay
        Weight decay, or a list with one per layer; empty: 0.0002 for rbm, otherwise --weight-decay
    pretrain_optimizer
        Optimizer; auto: sgd for rbm, otherwise --optimizer (adam instead of lbfgs): auto, sgd,
        adam, adamw, nadam, adagrad, rmsprop, adadelta, lars, lamb, muon, shampoo, soap, kfac [auto]
    pretrain_momentum
        rbm: momentum after the first 5 epochs, during which it is at most 0.5 [0.9]
    pretrain_batch
        Global batch size during pretraining; 0: --batch [0]
    pretrain_corruption
        denoising: corruption of each layer's input: gaussian, masking, salt-pepper [masking]
    pretrain_corruption_strength
        denoising: strength as for --corruption-strength, or a list with one per layer [0.25]
    rbm_steps
        rbm: Gibbs steps k of contrastive divergence (CD-k) [1]
    rbm_sample_visible
        rbm: sample the visible units of the chain instead of using their means [false]
    init_from
        Model, checkpoint or run folder whose weights the training starts from; what does not fit
        starts anew
    init_layers
        Layers to take from --init-from: encoder, decoder or numbers from 1 on, comma-separated;
        empty: all
    freeze
        Layers that are not trained, with their biases and normalization: encoder, decoder or
        numbers from 1 on, comma-separated
    teacher
        Model, checkpoint or run folder that the training imitates: see --distill
    distill
        What is imitated of --teacher: codes (of as many units), or outputs (reconstructions)
        [codes]
    distill_weight
        Weight w of imitating --teacher in the loss, above 0 and at most 1: the samples have 1 - w
        [0.5]
    threads
        Worker threads per rank [1]
    reduction
        Gradient reduction: tree (bitwise reproducible on any number of ranks) or allreduce [tree]
    bucket_bytes
        Bucket size of the gradient exchange [4MiB]
    sparse_exchange
        Exchange the gradients of active units of a sparse code alone: auto (where that is at most
        half of the bytes), always or never [auto]
    dictionary_shards
        Ranks that hold the units of a sparse code together, each a part of them, for dictionaries
        larger than a rank's memory; 1: every rank holds all [1]
    overlap
        Overlap the gradient exchange with computation; false only to measure the benefit [true]
    precision
        Precision of matrix products in training: fp32, or bf16 (accumulation and weights in fp32;
        requires oneDNN and CPU support) [fp32]
    force_precision
        Use bf16 even if fp32 is faster on this machine [false]
    gemm
        Library for fp32 matrix products: openblas or onednn [openblas]
    gradient_wire
        Format of exchanged gradients and updates: fp32, bf16 (half the bytes, rounded sums), int8
        (a quarter) or powersgd:R (gradients of rank R) [fp32]
    sync_every
        Local steps between two exchanges of weights by --sync-groups (DiLoCo, local SGD); 0:
        gradients are summed in every step [0]
    sync_groups
        Number of groups of shards that make local steps, each on its part of --batch; not the
        number of ranks, which may be any [0]
    outer_rate
        Learning rate of the outer step, which moves the weights towards the mean of the groups'
        [0.7]
    outer_momentum
        Nesterov momentum of the outer step [0.9]
    checkpoint_every
        Checkpoint interval, e.g. 500steps, 1epochs, 600s; 0: only when stopped [1epochs]
    keep
        Number of checkpoints to keep [3]
    keep_every
        Interval of checkpoints that stay under a name of their own, e.g. 10epochs, 5000steps; 0:
        none [0epochs]
    log_every
        Interval of step records in metrics.jsonl, in steps; 0: only epoch records [100]
    tensorboard
        Also write TensorBoard event files to tensorboard/: metrics, distributions, reconstructions
        [false]
    progress
        Progress output of rank 0: auto, line, plain, none [auto]
    profile
        Print a breakdown of the run time by phase at the end, compared with the machine's peak
        rates [false]
    trace
        Write a trace of all ranks and workers to this file (JSON for ui.perfetto.dev)
    time_limit
        Stop within this time, with a checkpoint (exit code 75): e.g. 3600s, 55m, 4h, 01:30:00,
        2-00:00:00; 0: no limit [0s]
    stop_signal
        Signals that stop the run with a checkpoint, in addition to INT and TERM: e.g. USR1 or
        USR1,USR2 [USR1]
    watchdog
        End the job if a rank makes no progress for this long, naming the rank and its activity
        (e.g. 300s; longer than the slowest step or checkpoint); 0: never [0s]
    verify_every
        Compare the parameters of all ranks every so many steps, and then also before each
        checkpoint; 0: never [0]
    checkpoint_async
        Write checkpoints in the background, from a copy of weights and moments that takes
        additional memory [false]
    """

    def __init__(
        self,
        layers: Union[None, str, Sequence[Any]] = None,
        *,
        ranks: int = 1,
        launcher: Union[None, str, Sequence[str]] = None,
        sbatch: Union[None, str, Sequence[str], Mapping[str, Any]] = None,
        program: Union[None, str, "os.PathLike[str]"] = None,
        config: Union[None, str, "os.PathLike[str]"] = None,
        run_folder: Union[None, str, "os.PathLike[str]"] = None,
        verbose: bool = False,
        target: Text = None,
        target_normalize: Text = None,
        validation_target: Text = None,
        validation_scale: Number = None,
        allow_external: Flag = None,
        accept_fill: Flag = None,
        channels: Text = None,
        normalize: Text = None,
        missing: Text = None,
        missing_value: Text = None,
        missing_indicator: Flag = None,
        counts: Text = None,
        empty_counts: Text = None,
        target_sum: Number = None,
        library: Text = None,
        sparse_input: Text = None,
        shuffle_block: Number = None,
        shuffle_window: Number = None,
        memory: Text = None,
        select_rows: Text = None,
        select_columns: Text = None,
        highly_variable: Number = None,
        window: Number = None,
        stride: Number = None,
        unknown_condition: Flag = None,
        validation_fraction: Number = None,
        folds: Number = None,
        fold: Number = None,
        validation_group: Text = None,
        split_seed: Number = None,
        decoder_layers: Text = None,
        activation: Text = None,
        code_activation: Text = None,
        output_activation: Text = None,
        loss: Text = None,
        loss_reduction: Text = None,
        initialization: Text = None,
        feature_weights: Text = None,
        group_weights: Text = None,
        huber_delta: Number = None,
        dispersion: Text = None,
        tied: Flag = None,
        layer_norm: Flag = None,
        image_shape: Text = None,
        corruption: Text = None,
        corruption_strength: Number = None,
        corrupted_weight: Number = None,
        clean_weight: Number = None,
        hidden_noise: Text = None,
        code_noise: Text = None,
        code_noise_before: Flag = None,
        l1: Number = None,
        hidden_l1: Number = None,
        l1_warmup: Number = None,
        kl_weight: Number = None,
        kl_target: Number = None,
        k_sparse: Number = None,
        k_sparse_alpha: Number = None,
        contractive: Number = None,
        contractive_method: Text = None,
        contractive_probes: Number = None,
        hessian_weight: Number = None,
        hessian_sigma: Number = None,
        hessian_samples: Number = None,
        variational: Flag = None,
        beta: Number = None,
        beta_warmup: Number = None,
        beta_cycles: Number = None,
        free_bits: Number = None,
        predictive: Flag = None,
        predictive_weight: Number = None,
        predictive_iterations: Number = None,
        sparsity: Text = None,
        l0: Number = None,
        l0_warmup: Number = None,
        jumprelu_bandwidth: Number = None,
        k_start: Number = None,
        k_anneal: Number = None,
        pre_bias: Text = None,
        unit_norm_decoder: Flag = None,
        tied_initialization: Flag = None,
        aux_k: Text = None,
        aux_weight: Number = None,
        matryoshka: Text = None,
        dead_after: Number = None,
        resample_dead: Number = None,
        optimizer: Text = None,
        learning_rate: Number = None,
        momentum: Number = None,
        nesterov: Flag = None,
        momentum_schedule: Text = None,
        beta1: Number = None,
        beta2: Number = None,
        epsilon: Number = None,
        centered: Flag = None,
        trust_coefficient: Number = None,
        weight_decay: Number = None,
        decay_biases: Flag = None,
        encoder_rate_factor: Number = None,
        decoder_rate_factor: Number = None,
        bias_rate_factor: Number = None,
        encoder_decay_factor: Number = None,
        decoder_decay_factor: Number = None,
        precondition_block: Number = None,
        precondition_every: Number = None,
        statistics_every: Number = None,
        statistics_decay: Number = None,
        precondition_damping: Number = None,
        precondition_exponent: Number = None,
        kfac_damping: Number = None,
        kfac_damping_rule: Text = None,
        kfac_momentum: Text = None,
        graft: Text = None,
        optimizer_precision: Text = None,
        lbfgs_history: Number = None,
        line_search: Text = None,
        line_search_evaluations: Number = None,
        clip_norm: Number = None,
        ema: Number = None,
        sparse_update: Flag = None,
        schedule: Text = None,
        final_learning_rate: Number = None,
        decay_factor: Number = None,
        decay_epochs: Number = None,
        decay_power: Number = None,
        period_factor: Number = None,
        patience: Number = None,
        warmup_epochs: Number = None,
        scale_learning_rate: Text = None,
        base_batch: Number = None,
        early_stopping: Number = None,
        keep_best: Flag = None,
        batch: Number = None,
        micro_batch: Number = None,
        epochs: Number = None,
        seed: Number = None,
        pretrain: Text = None,
        pretrain_epochs: Number = None,
        pretrain_learning_rate: Text = None,
        pretrain_weight_decay: Text = None,
        pretrain_optimizer: Text = None,
        pretrain_momentum: Number = None,
        pretrain_batch: Number = None,
        pretrain_corruption: Text = None,
        pretrain_corruption_strength: Number = None,
        rbm_steps: Number = None,
        rbm_sample_visible: Flag = None,
        init_from: Text = None,
        init_layers: Text = None,
        freeze: Text = None,
        teacher: Text = None,
        distill: Text = None,
        distill_weight: Number = None,
        threads: Number = None,
        reduction: Text = None,
        bucket_bytes: Text = None,
        sparse_exchange: Text = None,
        dictionary_shards: Number = None,
        overlap: Flag = None,
        precision: Text = None,
        force_precision: Flag = None,
        gemm: Text = None,
        gradient_wire: Text = None,
        sync_every: Number = None,
        sync_groups: Number = None,
        outer_rate: Number = None,
        outer_momentum: Number = None,
        checkpoint_every: Text = None,
        keep: Number = None,
        keep_every: Text = None,
        log_every: Number = None,
        tensorboard: Flag = None,
        progress: Text = None,
        profile: Flag = None,
        trace: Text = None,
        time_limit: Text = None,
        stop_signal: Text = None,
        watchdog: Text = None,
        verify_every: Number = None,
        checkpoint_async: Flag = None,
    ) -> None:
        given = dict(locals())
        for name, value in given.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)
