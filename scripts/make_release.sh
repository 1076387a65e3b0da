#!/usr/bin/env bash
# Makes the source archive of the release that is checked out, hourglass-VERSION.tar.gz, and its
# SHA-256 checksum.
#   scripts/make_release.sh [FOLDER]    build/dist by default
# Refused unless the tree is clean, and CMakeLists.txt, CHANGELOG.md and the tag vVERSION of this
# commit name one version. The same tag gives the same bytes: names, times and modes are git's, and
# gzip keeps neither name nor time. (docs/releasing.md)
set -euo pipefail
if [ $# -gt 1 ] || [[ "${1-}" == -* ]]; then
  echo "usage: scripts/make_release.sh [FOLDER]" >&2
  exit 64
fi
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build/dist}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "$(git rev-parse --show-toplevel 2>/dev/null)" != "$(pwd -P)" ]; then
  echo "make_release.sh: $(pwd -P) is not the root of a git clone" >&2
  exit 1
fi

problems=0
problem() {
  echo "make_release.sh: $*" >&2
  problems=$((problems + 1))
}

changes=$(git status --porcelain)
[ -z "$changes" ] || problem "the tree is not clean: commit or remove"$'\n'"$changes"

version=$(sed -nE 's/^project\(hourglass VERSION ([0-9]+\.[0-9]+\.[0-9]+) .*/\1/p' CMakeLists.txt)
if [ -z "$version" ]; then
  echo "make_release.sh: CMakeLists.txt names no version MAJOR.MINOR.PATCH" >&2
  exit 1
fi

newest=$(sed -nE '/^## \[Unreleased\]/d; s/^## +(.*)/\1/p' CHANGELOG.md | head -n 1)
[[ "$newest" =~ ^\[${version//./\\.}\]\ -\ [0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
  problem "CHANGELOG.md's newest release is '$newest', expected '[$version] - YYYY-MM-DD'"

tag=v$version
if ! tagged=$(git rev-parse --quiet --verify "refs/tags/$tag^{commit}"); then
  problem "there is no tag $tag: git tag -a $tag -m 'Hourglass $version'"
elif [ "$tagged" != "$(git rev-parse HEAD)" ]; then
  problem "tag $tag is not this commit"
fi
[ "$problems" -eq 0 ] || exit 1

mkdir -p "$folder"
archive=hourglass-$version.tar.gz
git -c tar.umask=0022 archive --format=tar --prefix="hourglass-$version/" "refs/tags/$tag" |
  gzip -9n >"$folder/$archive.part"
mv "$folder/$archive.part" "$folder/$archive"
(cd "$folder" && sha256sum "$archive" >"$archive.sha256" && cat "$archive.sha256")
echo "$folder/$archive"
