#!/usr/bin/env bash
# Make .venv with the first Python of at least 3.11; PYTHON names another.
set -euo pipefail
cd "$(dirname "$0")/.."

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null && "$candidate" -c "$new_enough" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "vivavoce needs Python 3.11 or newer. Install one, or name it: PYTHON=/path/to/python make run" >&2
  exit 1
}

python=$(find_python)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  echo "$python cannot make virtual environments. On Debian or Ubuntu: sudo apt install python$version-venv" >&2
  exit 1
fi
echo "• virtual environment (Python $version)"
"$python" -m venv .venv
mkdir -p .venv/.done
