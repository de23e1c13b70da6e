#!/bin/sh
# What can be said about the Terraform code by reading it: fmt, tflint, checkov.
set -eu
cd "$(dirname "$0")/.."

command -v terraform >/dev/null 2>&1 || {
    echo "terraform is not on the path; install Terraform 1.11 or later" >&2
    exit 1
}
terraform fmt -check -recursive -diff

echo "== tflint"
if tflint=$(.venv/bin/python -m scripts.tools tflint); then
    "$tflint" --recursive --config "$PWD/.tflint.hcl"
elif [ $? -ne 3 ]; then
    exit 1
fi

echo "== checkov"
sh scripts/install_checkov.sh
.tools/checkov/bin/checkov --config-file .checkov.yaml --quiet --compact
