#!/usr/bin/env bash
# Runs the README's two commands as on a new machine: in a clone of what is committed, with no cache of any package
# client and nothing in .toolchain/. Removes the clone at the end. With CARGO_TARGET_DIR set to a folder, which stays,
# Core is not compiled again the next time.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/fresh-home.sh
. "$root/scripts/fresh-home.sh"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

git clone --quiet "$root" "$folder/clone"
# With the target, because cargo compiles everything again when its sources have moved.
use_fresh_home "${CARGO_TARGET_DIR:-$folder}/home"
# A make of its own, not a part of the one that runs this.
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$folder/clone"
make demo
make test
