#!/bin/sh
# Writes the GitHub owner into every `source` that shows the published module, into links to the repository, into
# CODEOWNERS, and into the one constant of Python that names it:
#   sh scripts/set_namespace.sh my-org
# The registry's namespace is the owner's name. Until it is set it is `your_namespace`: Terraform accepts that, and GitHub
# gives nobody a name with an underscore, so nobody can publish under it.
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
    '' | *[!A-Za-z0-9_-]*)
        echo "usage: sh scripts/set_namespace.sh <GitHub owner of the repository>" >&2
        exit 2
        ;;
esac
for file in README.md CHANGELOG.md SECURITY.md docs/*.md modules/*/README.md modules/spoke/trail/README.md examples/*/*.tf \
    examples/*/README.md .terraform-docs.yml .github/CODEOWNERS smoke/report.py; do
    sed -e "s|\"[^\"/ ]*/cilium-mesh-dns/aws|\"$1/cilium-mesh-dns/aws|g" -e "s|^\* @[^/ ]*|* @$1|" \
        -e "s|//github\.com/[^/ ]*/terraform-aws-cilium-mesh-dns/|//github.com/$1/terraform-aws-cilium-mesh-dns/|g" \
        -e "s|--repo [^/ ]*/terraform-aws-cilium-mesh-dns|--repo $1/terraform-aws-cilium-mesh-dns|g" \
        -e "s|^OWNER = \"[^\"]*\"|OWNER = \"$1\"|" "$file" >"$file.new"
    cmp -s "$file" "$file.new" || cat "$file.new" >"$file"
    rm "$file.new"
done
