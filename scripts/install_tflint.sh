#!/bin/sh
# Builds tflint into .tools/bin, at one version. Its Terraform rules are built in: nothing else is fetched when it runs.
set -eu

version=v0.55.0
tools=$(cd "$(dirname "$0")/.." && pwd)/.tools/bin

if [ -x "$tools/tflint" ] && "$tools/tflint" --version | grep -q "${version#v}"; then
    exit 0
fi
if ! command -v go >/dev/null 2>&1; then
    echo "skipped: tflint needs Go to be built (https://go.dev/dl); Terraform is linted by fmt and validate only" >&2
    exit 0
fi
mkdir -p "$tools"
GOBIN=$tools go install "github.com/terraform-linters/tflint@$version"
