#!/usr/bin/env bash
# Pin what pyproject.toml asks for, with hashes, for every system and Python: requirements.lock for
# running (and setuptools, which builds the package), requirements-dev.lock for the tests as well.
# The locks name no index, so that pip takes the packages from wherever this machine gets them.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v .venv/bin/uv || command -v uv) || {
  echo "make lock needs uv: run 'make test' once, which installs it." >&2
  exit 1
}

compile() { # OUTPUT [OPTIONS]
  echo "• $1"
  "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
    --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' \
    "${@:2}" --output-file "$1" >/dev/null
}

pin() { # OUTPUT [OPTIONS]
  grep -A1 '^\[build-system\]' pyproject.toml | sed -n 's/^requires = \["\(.*\)"\]$/\1/p' |
    compile "$1" pyproject.toml - "${@:2}"
}

pin requirements.lock "$@"
pin requirements-dev.lock --group dev --extra piper --extra media --extra postgres --constraint requirements.lock "$@"
compile tests/clients/requirements.lock tests/clients/requirements.in "$@"

if grep -nE '://|--(index|extra-index|find-links)' requirements*.lock tests/clients/requirements.lock; then
  echo "A lock names a host." >&2
  exit 1
fi
