#!/usr/bin/env bash
# Installs what Hourglass is built from and runs on, from Debian's or Ubuntu's own packages; only what is missing.
#   scripts/install_deps.sh            to build and to use it
#   scripts/install_deps.sh --tests    what the tests need as well
#   scripts/install_deps.sh --extras   and what more tests compare with or run under: PyTorch, OpenCV, a browser, a Slurm cluster,
#                                      a network simulator, fuzzers, checkers and Doxygen (some 2 GB)
set -euo pipefail

packages=(
  g++ make cmake ninja-build pkg-config
  libopenmpi-dev openmpi-bin libhwloc-dev libopenblas-dev libhdf5-openmpi-dev
  libboost-program-options-dev librandom123-dev nlohmann-json3-dev libfmt-dev libxxhash-dev liblzf-dev zlib1g-dev libpng-dev libjpeg-dev
  libmicrohttpd-dev
  libgtest-dev libbenchmark-dev
  dataset-fashion-mnist
)
tests=(python3 python3-numpy python3-h5py)
extras=(
  hdf5-filter-plugin hdf5-filter-plugin-blosc-serial bitshuffle python3-tables netcdf-bin zstd unzip # filters and files of others
  python3-torch python3-sklearn python3-matplotlib python3-opencv # peers
  python3-tqdm python3-pip                                        # the Python package: progress bars, installation
  python3-netcdf4 python3-xarray python3-anndata python3-pandas python3-tables python3-scipy # writers of foreign HDF5 files
  chromium imagemagick hdf5-tools groff zsh                       # independent readers of what the program writes
  libdnnl-dev libsimgrid-dev                                      # another BLAS; simulated networks
  slurm-wlm slurm-wlm-basic-plugins munge iproute2                # a Slurm cluster, network namespaces
  clang clang-format clang-tidy libclang-rt-14-dev cppcheck shellcheck valgrind # fuzzers and checkers
  black python3-flake8                                                         # checkers of the Python
  doxygen gcovr                                                   # the reference of the public API; coverage
)

case "${1-}" in
  "") ;;
  --tests) packages+=("${tests[@]}") ;;
  --extras) packages+=("${tests[@]}" "${extras[@]}") ;;
  *)
    echo "usage: scripts/install_deps.sh [--tests|--extras]" >&2
    exit 64
    ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "install_deps.sh: this is not a Debian or Ubuntu system; install the equivalents of: ${packages[*]}" >&2
  exit 69
fi

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install_deps.sh: as root, run: apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 77
  fi
  as_root=(sudo)
fi

echo "Installing ${missing[*]}"
# A package list that cannot be refreshed may still be good enough, so only the installation decides.
"${as_root[@]}" apt-get update -qq || echo "install_deps.sh: the package lists could not be refreshed; going on with those at hand" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
