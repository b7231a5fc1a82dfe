# shellcheck shell=bash
# Sourced by the scripts of this folder: `root`, the folder of the repository, and the pinned tools of .toolchain/
# before everything else on the PATH.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$root/.toolchain/node/node_modules/.bin:$root/.toolchain/python/ziglang:$root/.toolchain/lint/bin:$root/.toolchain/npm/node_modules/.bin:$PATH

# Those that are not there yet are installed.
"$root/scripts/toolchain.sh" >&2

# The npm packages of the checkout.
install_packages() { [ -d "$root/ts/node_modules" ] || bun install --cwd "$root/ts" --frozen-lockfile --silent >&2; }

say() { printf '%s: %s\n' "${0##*/}" "$1" >&2; }
fail() { say "$1"; exit 1; }

# wrapper <file> <line>...: makes a script of these lines
wrapper() {
  local file=$1
  shift
  mkdir -p "$(dirname "$file")"
  printf '%s\n' '#!/bin/sh' "$@" >"$file.$$"
  chmod +x "$file.$$"
  mv "$file.$$" "$file"
}
