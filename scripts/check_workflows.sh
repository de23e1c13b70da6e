#!/bin/sh
# actionlint over .github/workflows; skipped, saying so, where it cannot be built.
set -eu
cd "$(dirname "$0")/.."

if actionlint=$(.venv/bin/python -m scripts.tools actionlint); then
    "$actionlint" -color
elif [ $? -ne 3 ]; then
    exit 1
fi
