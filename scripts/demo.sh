#!/usr/bin/env bash
# From nothing to a trained model: installs what is missing, builds, makes an HDF5 file of real images, trains a deep autoencoder on
# two ranks and measures it. Takes a few minutes; may be run again (each run has a folder of its own). Works from any folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Principal component analysis with 30 components on the same images (scikit-learn, float64): the best any linear code can do.
pca_sse=12.243
data=build/fashion-mnist.h5
program=build/release/bin/hourglass

say() { printf '\n== %s\n' "$*"; }

say "1/6  Packages"
scripts/install_deps.sh

say "2/6  Build"
cmake --preset release
cmake --build --preset release --target hourglass_program

# Open MPI wants to be told that root is meant, and two ranks on what it counts as one core.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
mpirun=(mpirun --bind-to none --oversubscribe -n 2)
if [ "$(nproc)" -lt 2 ]; then
  mpirun+=(--mca mpi_yield_when_idle 1)
fi

say "3/6  Data: Fashion-MNIST, 60000 + 10000 images of 28 x 28, as $data"
if [ -e "$data" ]; then
  echo "$data is there already"
else
  HOURGLASS=$PWD/$program data/fashion-mnist.sh "$data"
fi

mkdir -p build/run
number=1
while ! mkdir "build/run/fashion-mnist-30-$number" 2>/dev/null; do
  number=$((number + 1))
done
run=build/run/fashion-mnist-30-$number

say "4/6  Training on two ranks into $run (784 features to a code of 30 and back, 10 epochs)"
"${mpirun[@]}" "$program" train \
  --data "$data:/train/samples" --validation "$data:/test/samples" \
  --layers 784,1000,500,250,30 --activation relu --code-activation linear --output-activation sigmoid \
  --loss mse --optimizer adam --learning-rate 1e-3 --batch 256 --micro-batch 128 --epochs 10 --seed 1 \
  --output "$run"

say "5/6  Measuring on the 10000 test images"
"${mpirun[@]}" "$program" evaluate --model "$run/model.h5" --data "$data:/test/samples"
sse=$("$program" evaluate --model "$run/model.h5" --data "$data:/test/samples" --json | sed -E 's/.*"sse": *([0-9.eE+-]+).*/\1/')

say "6/6  A page to look at"
"$program" report "$run" --output "$run/report.html"

cat <<TEXT

Test sse (squared error summed over the 784 pixels, averaged over the images) with a code of 30 numbers:
  this autoencoder   $(LC_ALL=C printf '%.3f' "$sse")
  PCA                $pca_sse

Look at it: open $PWD/$run/report.html in a browser (curves, reconstructions, the code, filters), or
  $program show $run
The model is $run/model.h5, an HDF5 file. What next:
  $program inspect $run/model.h5
  $program encode --model $run/model.h5 --data $data:/test/samples --output build/codes.h5
  $program train --help
The same training on any number of ranks gives the same weights, bit for bit; stop it with Ctrl-C and go on with
  mpirun -n 2 $program train --resume $run
Your own data: any HDF5 data set of N samples, --data FILE.h5:/path/to/samples (docs/usage.md).
TEXT
