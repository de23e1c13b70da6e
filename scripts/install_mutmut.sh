#!/bin/sh
# Installs mutmut into .tools/mutmut, at one version: a folder that is put behind the packages of .venv, whose pytest it runs.
set -eu

version=3.8.1
root=$(cd "$(dirname "$0")/.." && pwd)
tools=$root/.tools/mutmut

if [ -d "$tools/mutmut-$version.dist-info" ]; then
    exit 0
fi
rm -rf "$tools"
"$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --target "$tools" "mutmut==$version"
