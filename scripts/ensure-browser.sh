#!/bin/sh
# Sees to it that the browser tests find a Chromium or Chrome: looks for one, else installs Debian's package
# when it may. Where neither works the tests skip and say so; with CI set that is a failure.
set -eu

have_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

give_up() {
    echo "No Chromium or Chrome: $1. The browser tests will skip; install one to run them." >&2
    if [ -n "${CI:-}" ]; then
        exit 1
    fi
    exit 0
}

have_browser && exit 0
command -v apt-get >/dev/null 2>&1 || give_up "this system has no apt-get"
[ "$(id -u)" = 0 ] || give_up "installing it needs root (try: sudo apt-get install chromium)"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
echo "Installing Chromium for the browser tests ..."
if apt-get update -q >"$log" 2>&1 && apt-get install -y -q --no-install-recommends chromium >>"$log" 2>&1; then
    have_browser || give_up "the package brought no browser"
else
    tail -n 5 "$log" >&2
    give_up "apt-get could not install it"
fi
