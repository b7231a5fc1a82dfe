#!/usr/bin/env bash
# Runs a command with no cargo on its PATH, to show that it needs none: scripts/without-cargo.sh <command> [argument]...
set -euo pipefail

path=
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
  [ -x "$folder/cargo" ] || path=$path${path:+:}$folder
done
export PATH=$path
exec "$@"
