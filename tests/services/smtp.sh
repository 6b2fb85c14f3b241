#!/usr/bin/env bash
# Makes a real mail server available to the tests: aiosmtpd, in a Python environment of its own in
# the user's cache folder, made once for each version. Nothing of it is part of the project.
set -euo pipefail

cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/usher-tests
version=1.4.6
place=$cache/aiosmtpd-$version

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

if ! [ -x "$place/bin/python" ]; then
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    packages python3 python3-venv
  fi
  mkdir -p "$cache"
  # Made beside and moved whole: half an environment would be taken for one.
  new=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  python3 -m venv "$new/venv"
  "$new/venv/bin/python" -m pip install -q --disable-pip-version-check "aiosmtpd==$version"
  mv -T "$new/venv" "$place"
fi
"$place/bin/python" -c 'import aiosmtpd; print("aiosmtpd", aiosmtpd.__version__)'
