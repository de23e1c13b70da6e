#!/bin/sh
# Writes the block between markers in every README from the Terraform code beside it; with --check only compares.
# Ends with 3 where terraform-docs cannot be built, having said why.
set -eu
cd "$(dirname "$0")/.."

check=
[ "${1:-}" = --check ] && check=--output-check
python=.venv/bin/python
[ -x "$python" ] || python=python3
docs=$("$python" -m scripts.tools terraform-docs)

for folder in . modules/*/ modules/spoke/trail/ examples/*/; do
    # shellcheck disable=SC2086 # empty or one word
    "$docs" --config .terraform-docs.yml $check "$folder"
done
