#!/bin/sh
# Runs a command to which OpenTofu is `terraform`: sh scripts/with_tofu.sh make examples
# Takes the `tofu` on the path, or builds one. Ends with 3 where that cannot be, having said why.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

tofu=$(command -v tofu) || tofu=$(cd "$root" && python3 -m scripts.tools tofu)
shim=$(mktemp -d)
trap 'rm -rf "$shim"' EXIT
ln -s "$tofu" "$shim/terraform"
# OpenTofu warns of a configuration file that is named and not there, on standard output, in front of what is asked for.
[ -e "${TF_CLI_CONFIG_FILE:-/}" ] || unset TF_CLI_CONFIG_FILE
PATH=$shim:$PATH "$@"
