#!/usr/bin/env bash
# Makes a Chromium with its driver and the accessibility checker axe available to the tests.
#
# The programs come from the system's packages, if they are not there already; axe is a file in the
# user's cache folder, fetched once. Nothing of it is part of the project.
set -euo pipefail

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/usher-tests
axe=$cache/axe.min.js
version=0.1.0

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

packages() {
  export DEBIAN_FRONTEND=noninteractive
  local install=(apt-get install -y --no-install-recommends "$@")
  as_root "${install[@]}" >/dev/null 2>&1 && return
  as_root apt-get update >/dev/null
  as_root "${install[@]}"
}

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
  packages chromium chromium-driver
fi
if ! [ -s "$axe" ]; then
  if ! command -v python3 >/dev/null || ! python3 -m pip --version >/dev/null 2>&1; then
    packages python3 python3-pip
  fi
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  python3 -m pip download -q --no-deps -d "$new" "axe-core-python==$version"
  python3 - "$new" "$axe" <<'PYTHON'
import glob, os, sys, zipfile
folder, target = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith("axe.min.js"))
    with open(target + ".new", "wb") as out:
        out.write(wheel.read(name))
os.replace(target + ".new", target)
PYTHON
fi
chromedriver --version
