#!/usr/bin/env bash
# npm in web/, where there is npm. Without it the page's checks are left out, but never in CI:
# the built page is part of the package, so everything else works all the same.
set -euo pipefail
cd "$(dirname "$0")/../web"

if ! command -v npm >/dev/null; then
  if [ -n "${CI:-}" ]; then
    echo "CI checks the page too and needs Node.js with npm." >&2
    exit 1
  fi
  echo "  left out: npm $1 (no Node.js here)"
  exit 0
fi
exec npm "$@"
