#!/usr/bin/env bash
# Make .venv with everything the service and its tests need. Run again at will; it does only what is missing.
# SECONDREAD_TORCH_INDEX: address of an index with CPU builds of torch, tried when the configured indexes have none.
set -euo pipefail
cd "$(dirname "$0")/.."

python=""
for candidate in python3.13 python3.12 python3.11 python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || { echo "setup: Python 3.11 or newer is needed" >&2; exit 1; }

if [ ! -x .venv/bin/pip ]; then
  if ! "$python" -m venv .venv; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      apt-get update -qq && apt-get install -y -qq python3-venv
      "$python" -m venv .venv
    else
      echo "setup: the venv module is missing; on Debian: apt install python3-venv" >&2
      exit 1
    fi
  fi
fi
pip=.venv/bin/pip
"$pip" install -q --upgrade 'pip>=25'

if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
  # A CPU build first: the plain package brings several gigabytes of CUDA that this service does not need to run.
  "$pip" install -q 'torch==2.13.0+cpu' 2>/dev/null ||
    { [ -n "${SECONDREAD_TORCH_INDEX:-}" ] && "$pip" install -q --index-url "$SECONDREAD_TORCH_INDEX" 'torch==2.13.0'; } ||
    { echo "setup: no CPU build of torch found, taking the standard one" >&2; "$pip" install -q 'torch>=2.13,<2.14'; }
fi
"$pip" install -q -e '.[dev]'
touch .venv/.ready
