#!/bin/sh
# Fetches one version of the AWS provider into .tools, and prints the variable that makes every `init` take it:
#   sh scripts/provider.sh 5.100.0    or    sh scripts/provider.sh '~> 6.0'
# So the module, whose own constraint allows many versions, is tried with just that one. Needs the registry.
set -eu

folder=$(cd "$(dirname "$0")/.." && pwd)/.tools/providers
plugins=$folder/$(printf '%s' "$1" | tr -cd '0-9.')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$plugins"
cat >"$work/main.tf" <<CONFIGURATION
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "$1"
    }
  }
}
CONFIGURATION
TF_PLUGIN_CACHE_DIR=$plugins terraform -chdir="$work" init -no-color >&2
echo "TF_CLI_ARGS_init=-plugin-dir=$plugins"
