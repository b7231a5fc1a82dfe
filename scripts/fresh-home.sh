# shellcheck shell=bash
# Sourced: makes a home folder that has nothing but the configuration of cargo, npm and pip, so that what runs in it
# finds no cache and has to download whatever it needs, as on a machine that is new.

# use_fresh_home <folder>: empties it and makes it the home of everything that is run from here on. Cargo compiles every
# crate again when it is another folder than the last time, because the sources are elsewhere then.
use_fresh_home() {
  local home file variable configuration=${XDG_CONFIG_HOME:-$HOME/.config}
  rm -rf "$1"
  mkdir -p "$1"
  home=$(cd "$1" && pwd)
  mkdir -p "$home/.cargo" "$home/.config/pip" "$home/.pip"
  # Linked, because there may be passwords in them, of which there should not be copies.
  for file in config config.toml credentials credentials.toml; do
    link_if_there "${CARGO_HOME:-$HOME/.cargo}/$file" "$home/.cargo/$file"
  done
  link_if_there "$HOME/.npmrc" "$home/.npmrc"
  link_if_there "$HOME/.pip/pip.conf" "$home/.pip/pip.conf"
  link_if_there "$configuration/pip/pip.conf" "$home/.config/pip/pip.conf"
  # Rust itself, which the cargo of rustup looks for below the home folder.
  export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
  export HOME=$home CARGO_HOME=$home/.cargo
  # Whatever else says where something is kept.
  for variable in XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME PIP_CACHE_DIR BUN_INSTALL BUN_INSTALL_CACHE_DIR \
    npm_config_cache NPM_CONFIG_CACHE ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR TEMPORAL_BUN_CACHE_DIR \
    TEMPORAL_LIBS_CACHE_DIR; do
    unset "$variable"
  done
}

# link_if_there <file> <link>
link_if_there() { if [ -f "$1" ]; then ln -s "$1" "$2"; fi; }
