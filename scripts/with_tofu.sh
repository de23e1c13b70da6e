#!/bin/sh
# Runs a command to which OpenTofu is `terraform`: sh scripts/with_tofu.sh make examples
# Takes the `tofu` on the path, or builds one. Ends with 3 where that cannot be, having said why.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

tofu=$(command -v tofu) || tofu=$(cd "$root" && python3 -m scripts.tools tofu)
shim=$(mktemp -d)
trap 'rm -rf "$shim"' EXIT
ln -s "$tofu" "$shim/terraform"
PATH=$shim:$PATH "$@"
