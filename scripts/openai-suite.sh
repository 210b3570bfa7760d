#!/usr/bin/env bash
# The official Python client's own tests, of the version that is pinned for the clients: they are in its source
# distribution only. They land in .venv/clients/openai-suite.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.venv/clients/openai-suite
pinned=$(mktemp)
trap 'rm -rf "$pinned" "$folder.new"' EXIT
awk '/^openai==/ { inside = 1; print; next } inside && /--hash/ { print; next } { inside = 0 }' \
  tests/clients/requirements.lock >"$pinned"
rm -rf "$folder" "$folder.new"
mkdir -p "$folder.new"
.venv/clients/bin/python -m pip download --quiet --no-deps --no-binary :all: --no-build-isolation --require-hashes \
  -r "$pinned" -d "$folder.new" 2>.venv/pip.log || { cat .venv/pip.log >&2; exit 1; }
tar -xzf "$folder.new"/*.tar.gz -C "$folder.new" --strip-components=1
mv "$folder.new" "$folder"
