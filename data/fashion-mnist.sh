#!/bin/sh
# data/fashion-mnist.sh [OUTPUT.h5]      (default: fashion-mnist.h5 in the current folder)
# Makes an HDF5 file of Fashion-MNIST: /train/samples (60000 x 28 x 28, uint8), /train/labels, /test/samples (10000), /test/labels.
# The images come from Debian's package dataset-fashion-mnist. HOURGLASS names the program when it is not built or installed here.
set -eu

output=${1:-fashion-mnist.h5}
root=$(cd "$(dirname "$0")/.." && pwd)

fail() {
  echo "fashion-mnist.sh: $1" >&2
  exit "$2"
}

find_program() {
  if [ -n "${HOURGLASS:-}" ]; then
    command -v "$HOURGLASS" || fail "HOURGLASS is '$HOURGLASS', which cannot be run" 64
  elif [ -x "$root/build/release/bin/hourglass" ]; then
    echo "$root/build/release/bin/hourglass"
  else
    command -v hourglass || fail "no hourglass program: build it (cmake --preset release && cmake --build --preset release) or set HOURGLASS" 64
  fi
}

# part NAME: the path of one of the package's files.
part() {
  path=$(dpkg -L dataset-fashion-mnist 2>/dev/null | grep "/$1-ubyte\.gz$") || true
  [ -r "$path" ] || fail "the package dataset-fashion-mnist is not installed: run scripts/install_deps.sh" 74
  echo "$path"
}

hourglass=$(find_program)

if [ -e "$output" ]; then
  listing=$("$hourglass" inspect "$output") || fail "$output exists and cannot be read; move it away" 65
  for name in /train/samples /train/labels /test/samples /test/labels; do
    case $listing in
      *" $name "*) ;;
      *) fail "$output exists and has no $name; move it away" 65 ;;
    esac
  done
  echo "$output is there already"
  exit 0
fi

train_images=$(part train-images-idx3)
train_labels=$(part train-labels-idx1)
test_images=$(part t10k-images-idx3)
test_labels=$(part t10k-labels-idx1)

# The final name appears with the complete content only.
unfinished=$output.unfinished-$$
trap 'rm -f "$unfinished"' EXIT
trap 'exit 130' INT TERM
"$hourglass" import "$train_images" --labels "$train_labels" --output "$unfinished:/train" > /dev/null
"$hourglass" import "$test_images" --labels "$test_labels" --output "$unfinished:/test" > /dev/null
mv "$unfinished" "$output"
echo "$output: /train (60000 images) and /test (10000 images), each with samples and labels"
