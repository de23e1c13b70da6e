#!/bin/sh
# Looks for known vulnerabilities in what the package carries; needs a vulnerability service on the network, and says so without one.
set -eu
cd "$(dirname "$0")/.."

version=2.10.0
tools=$PWD/.tools/pip-audit
report=$(mktemp)
trap 'rm -f "$report"' EXIT

if ! [ -x "$tools/bin/pip-audit" ]; then
    python3 -m venv --clear "$tools"
    # uv is faster, but does not read pip's configuration: where that is needed, pip does it.
    .venv/bin/uv pip install --quiet --python "$tools/bin/python" "pip-audit==$version" 2>/dev/null ||
        "$tools/bin/pip" install --quiet --disable-pip-version-check "pip-audit==$version"
fi
unreachable='ServiceError|ConnectionError|Max retries|HTTPError|Timeout|could not be audited'
if "$tools/bin/pip-audit" --disable-pip --require-hashes --progress-spinner off --timeout 10 \
    -r lambda/requirements.lock >"$report" 2>&1 && ! grep -q 'could not be audited' "$report"; then
    cat "$report"
elif grep -qE "$unreachable" "$report"; then
    echo "skipped: pip-audit cannot reach its vulnerability service from here" >&2
else
    cat "$report" >&2
    exit 1
fi
