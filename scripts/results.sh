#!/usr/bin/env bash
# Makes docs/results.md: trains every configuration that it speaks of, measures, and writes the tables.
#   scripts/results.sh [--quick] [--output FOLDER] [--document FILE.md]
# What FOLDER (build/results) already holds is not trained again, so the script may be stopped and started at will. --quick takes a few hundred
# samples and one epoch: it shows that everything works, not what it achieves. RANKS (2) and HOURGLASS (the program) come from the environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

quick=false
output=build/results
document=docs/results.md
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) quick=true ;;
    --output) output=${2:?--output needs a folder} && shift ;;
    --document) document=${2:?--document needs a file} && shift ;;
    *)
      echo "usage: scripts/results.sh [--quick] [--output FOLDER] [--document FILE.md]" >&2
      exit 64
      ;;
  esac
  shift
done

program=${HOURGLASS:-$PWD/build/release/bin/hourglass}
# Debian's own has h5py; another that comes first in PATH may not.
python=${PYTHON:-/usr/bin/python3}
ranks=${RANKS:-2}
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
launch=(mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n "$ranks")
if [ "$ranks" -eq 1 ]; then launch=(); fi
mkdir -p "$output"

# --- data
samples=20000 tests=10000
if $quick; then samples=300 tests=100; fi
fashion=$output/fashion-mnist.h5
if [ ! -e "$fashion" ]; then
  HOURGLASS=$program data/fashion-mnist.sh "$output/whole.h5"
  if $quick; then
    "$python" scripts/results/subset.py "$output/whole.h5" "$fashion" 400 100
    rm "$output/whole.h5"
  else
    mv "$output/whole.h5" "$fashion"
  fi
fi
curves=$output/curves
if [ ! -e "$curves-test.h5" ]; then
  "$program" generate curves --samples "$samples" --seed 1 --output "$curves-train.h5" >/dev/null
  "$program" generate curves --samples "$tests" --seed 2 --output "$curves-test.h5" >/dev/null
fi

# --- training and measuring
# Each model NAME is $output/NAME/model.h5; NAME.command is the command that made it, NAME.json what evaluate says of it on the test data.
train_data=$fashion:/train/samples
test_data=$fashion:/test/samples

measured() { # NAME EVALUATE-OPTIONS...
  local name=$1
  shift
  if [ -e "$output/$name.json" ]; then return; fi
  "$program" evaluate --model "$output/$name/model.h5" --data "$test_data" --json "$@" >"$output/$name.json.part"
  mv "$output/$name.json.part" "$output/$name.json"
}

trained() { # NAME CONFIGURATION OPTIONS...
  local name=$1 configuration=$2
  shift 2
  local words=(train --config "data/experiments/$configuration.cfg" --data "$train_data" --validation "$test_data" "$@")
  if $quick && [ "$name" != untrained ]; then words+=(--epochs 1); fi
  if [ ! -e "$output/$name/model.h5" ]; then
    echo "== $name"
    if [ -e "$output/$name/config.cfg" ]; then
      "${launch[@]}" "$program" train --resume "$output/$name" --progress none >/dev/null
    else
      "${launch[@]}" "$program" "${words[@]}" --output "$output/$name" --progress none --log-every 0 >/dev/null
    fi
    rm -rf "${output:?}/$name/checkpoints"
  fi
  words=("${words[@]//$output\//}")
  echo "hourglass ${words[*]}" >"$output/$name.command"
}

principal() { # NAME COMPONENTS
  local name=$1 components=$2
  if [ -e "$output/$name/model.h5" ]; then return; fi
  mkdir -p "$output/$name"
  "${launch[@]}" "$program" pca --data "$train_data" --components "$components" --output "$output/$name/model.h5" >/dev/null
}

probed() { # NAME PROBE-OPTIONS...: accuracy of a softmax regression
  local name=$1
  shift
  local words=(probe --data "$train_data" --validation "$test_data" "$@")
  if $quick; then words+=(--epochs 1); fi
  if [ ! -e "$output/probe-$name.json" ]; then
    echo "== probe $name"
    "${launch[@]}" "$program" "${words[@]}" --json >"$output/probe-$name.json.part"
    mv "$output/probe-$name.json.part" "$output/probe-$name.json"
  fi
  words=("${words[@]//$output\//}")
  echo "hourglass ${words[*]}" >"$output/probe-$name.command"
}

# The words of a loop; of the quick form the first two.
all_of() {
  if $quick; then echo "$1" "$2"; else echo "$@"; fi
}

# One after the other: two ranks keep two cores busy.
for size in 2 10 30 64; do
  principal "pca-$size" "$size"
  measured "pca-$size"
done
for activation in $(all_of linear sigmoid tanh relu gelu softplus); do
  trained "code-$activation" plain --code-activation "$activation"
  measured "code-$activation" --code
done
for loss in $(all_of bce mae huber log-cosh poisson cosine ssim); do
  options=()
  if [ "$loss" = huber ]; then options=(--huber-delta 0.1); fi
  if [ "$loss" = poisson ]; then options=(--output-activation softplus); fi
  trained "loss-$loss" plain --loss "$loss" "${options[@]}"
  measured "loss-$loss"
done

for noise in $(all_of gaussian:0.3 masking:0.3 salt-pepper:0.2 block:0.2 stripes:0.2); do
  kind=${noise%:*} strength=${noise#*:}
  trained "denoising-$kind" "denoising-$kind"
  measured "denoising-$kind" --corruption "$kind" --corruption-strength "$strength"
  # The plain autoencoder on the same noise.
  if [ ! -e "$output/plain-$kind.json" ]; then
    "$program" evaluate --model "$output/code-linear/model.h5" --data "$test_data" --json --corruption "$kind" \
      --corruption-strength "$strength" >"$output/plain-$kind.json"
  fi
done

for weight in $(all_of 0 1e-6 1e-5 1e-4 1e-3); do
  trained "l1-$weight" sparse-l1 --l1 "$weight"
  measured "l1-$weight" --code
done
for weight in $(all_of 1e-5 1e-4 1e-3); do
  trained "kl-$weight" sparse-kl --kl-weight "$weight"
  measured "kl-$weight" --code --active-above 0.1
done
for k in $(all_of 10 25 50); do
  trained "k-$k" k-sparse --k-sparse "$k"
  measured "k-$k" --code
done
for weight in $(all_of 0 1e-5 1e-4 1e-3); do
  trained "contractive-$weight" contractive --contractive "$weight"
  measured "contractive-$weight" --jacobian
done

for beta in 1 4; do
  trained "variational-$beta" variational --beta "$beta"
  measured "variational-$beta" --code
done
for variant in "mean --loss-reduction mean" "none --beta-warmup 0" linear "cycles --beta-warmup 2epochs --beta-cycles 4"; do
  read -ra words <<<"$variant"
  trained "units-${words[0]}" variational-deep "${words[@]:1}"
  measured "units-${words[0]}" --code --elbo --samples 20
done
for size in 30 10 2; do
  trained "deep-$size" "deep-$size"
  measured "deep-$size"
done

for name in $(all_of convolutional tied layer-norm noise-hidden noise-code shallow linear denoising-emphasis masked overcomplete \
  contractive-deep contractive-hessian semantic-hashing predictive-sparse pretrained-rbm pretrained-denoising); do
  trained "$name" "$name"
  measured "$name" --code
done

trained pretrained-not pretrained-rbm --pretrain none
measured pretrained-not --code
trained untrained deep-30 --epochs 0 --warmup-epochs 0
probed raw --raw
for name in pca-30 code-linear denoising-gaussian deep-30 untrained; do
  probed "$name" --model "$output/$name/model.h5"
done
for share in $(all_of 0.01 0.1 1); do
  epochs=30
  if [ "$share" = 1 ]; then epochs=10; fi
  if $quick; then share=1; fi
  for name in deep-30 untrained; do
    options=(--model "$output/$name/model.h5" --fine-tune --label-fraction "$share")
    if ! $quick; then options+=(--epochs "$epochs"); fi
    probed "$name-$share" "${options[@]}"
  done
done

train_data=$curves-train.h5:/samples
test_data=$curves-test.h5:/samples
for size in 6 18; do
  principal "curves-pca-$size" "$size"
  measured "curves-pca-$size"
done
trained curves curves
measured curves

if [ ! -e "$output/samples.h5" ]; then
  "$program" sample --model "$output/variational-1/model.h5" --samples 128 --seed 1 --output "$output/samples.h5" >/dev/null
fi
"$python" -B scripts/results/document.py "$output" "$document"
echo "results: $document"
