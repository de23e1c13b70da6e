#!/bin/sh
# Everything that can be said about the Terraform code without a cloud: fmt, validate, terraform test, tflint, checkov.
set -eu
cd "$(dirname "$0")/.."

command -v terraform >/dev/null 2>&1 || {
    echo "terraform is not on the path; install Terraform 1.11 or later" >&2
    exit 1
}
eval "$(sh scripts/terraform_mirror.sh)"
export TF_IN_AUTOMATION=1 TF_INPUT=0

terraform fmt -check -recursive -diff

for folder in . modules/*/ examples/*/; do
    echo "== $folder"
    terraform -chdir="$folder" init -backend=false -no-color >/dev/null
    terraform -chdir="$folder" validate -no-color
done

# Each file of tests by itself, several at a time: most of it is waiting for providers to start.
echo "== terraform test"
# shellcheck disable=SC2016 # expanded by the inner shell
find . -name '*.tftest.hcl' -path '*/tests/*' -not -path '*/.*' | sort | xargs -P 4 -n 1 sh -c '
    folder=${1%/tests/*}
    said=$(terraform -chdir="$folder" test -no-color -filter="tests/${1##*/}" 2>&1) || {
        printf "%s\n%s\n" "$1" "$said"
        exit 255
    }
    printf "%s: %s\n" "$1" "$(printf "%s\n" "$said" | tail -n 1)"
' test_file

sh scripts/install_tflint.sh
if [ -x .tools/bin/tflint ]; then
    echo "== tflint"
    .tools/bin/tflint --recursive --config "$PWD/.tflint.hcl"
fi

echo "== checkov"
sh scripts/install_checkov.sh
.tools/checkov/bin/checkov --config-file .checkov.yaml --quiet --compact
