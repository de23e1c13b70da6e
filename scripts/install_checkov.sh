#!/bin/sh
# Installs checkov into .tools/checkov, at one version and in an environment of its own: it pins an old boto3.
set -eu

version=3.3.30
tools=$(cd "$(dirname "$0")/.." && pwd)/.tools/checkov

if [ -x "$tools/bin/checkov" ] && "$tools/bin/checkov" --version | grep -qx "$version"; then
    exit 0
fi
python3 -m venv --clear "$tools"
# uv takes a tenth of pip's time, but does not read pip's configuration: where that is needed, pip does it.
"$(dirname "$0")/../.venv/bin/uv" pip install --quiet --python "$tools/bin/python" "checkov==$version" 2>/dev/null ||
    "$tools/bin/pip" install --quiet --disable-pip-version-check "checkov==$version"
