#!/bin/sh
# `init`, `validate` and `test` of the module, its submodules and examples, with whatever `terraform` is: Terraform, or
# OpenTofu (scripts/with_tofu.sh), for which the test files are rewritten first.
set -eu
cd "$(dirname "$0")/.."

command -v terraform >/dev/null 2>&1 || {
    echo "terraform is not on the path; install Terraform 1.11 or later" >&2
    exit 1
}
eval "$(sh scripts/terraform_mirror.sh)"
export TF_IN_AUTOMATION=1 TF_INPUT=0

if terraform version | grep -q OpenTofu; then
    cd "$(.venv/bin/python -m scripts.opentofu_tests)"
fi
for folder in . modules/*/ modules/spoke/trail/ examples/*/; do
    echo "== $folder"
    terraform -chdir="$folder" init -backend=false -no-color >/dev/null
    # `test` validates what it runs, at every run.
    [ -d "$folder/tests" ] || terraform -chdir="$folder" validate -no-color
done

# Each file of tests by itself, several at a time, those with the most runs first: nobody waits for one of them at the end.
echo "== test"
# shellcheck disable=SC2016 # expanded by the inner shell
find . -name '*.tftest.hcl' -path '*/tests/*' -not -path '*/.*' -not -path './build/*' -exec grep -c '^run ' {} + | sort -t : -k 2 -rn | cut -d : -f 1 | xargs -P 4 -n 1 sh -c '
    folder=${1%/tests/*}
    said=$(terraform -chdir="$folder" test -no-color -filter="tests/${1##*/}" 2>&1) || {
        printf "%s\n%s\n" "$1" "$said"
        exit 255
    }
    printf "%s: %s\n" "$1" "$(printf "%s\n" "$said" | tail -n 1)"
' test_file
