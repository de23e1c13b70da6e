"""The Terraform code that the documents show is code that Terraform accepts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping

import pytest

from sandbox.terraform import Terraform, TerraformError
from tests.docs.test_addresses import REGISTRY
from tests.docs.test_documents import OPERATIONS, README, SECURITY, VAULT

HERE = "../../.."
ZONES = 'zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }\n'
TRAIL = "trail = null\n"

Complaint = Callable[[Mapping[str, str]], str]


def shown() -> Mapping[str, str]:
    """Every block of Terraform code by its place, such as `README-2`."""
    return {
        f"{document.stem}-{number}": code
        for document in (README, OPERATIONS, SECURITY, VAULT)
        for number, code in enumerate(re.findall(r"```hcl\n(.*?)```", document.read_text(), re.DOTALL), start=1)
    }


def complete(code: str) -> str:
    """The block as a whole configuration: bare arguments are the module's; what is used only is declared."""
    if not re.search(r"^(module|resource|variable|data|provider|output) ", code, re.MULTILINE):
        required = "".join(
            text for text in (ZONES, TRAIL) if not re.search(rf"^{text.split()[0]} ", code, re.MULTILINE)
        )
        code = f'module "mesh_dns" {{\nsource = "{REGISTRY}"\n{required}{code}}}\n'
    code = re.sub(r'^ +version += "~> [^"]+"\n', "", code, flags=re.MULTILINE)
    code = code.replace(f"{REGISTRY}//", f"{HERE}/").replace(REGISTRY, HERE)
    hub = f'source = "{HERE}"\n{ZONES}{TRAIL}spokes = {{}}'
    for kind, body in (("variable", "default = null\nephemeral = true"), ("module", hub)):
        used = set(re.findall(rf"\b{kind.replace('variable', 'var')}\.(\w+)", code))
        declared = set(re.findall(rf'^{kind} "(\w+)"', code, re.MULTILINE))
        code += "".join(f'{kind} "{name}" {{\n{body}\n}}\n' for name in sorted(used - declared))
    if "aws_kms_key.mesh_dns." in code:
        code += 'resource "aws_kms_key" "mesh_dns" {}\n'
    return code


@pytest.fixture(scope="module")
def complaint(tmp_path_factory: pytest.TempPathFactory) -> Complaint:
    """What Terraform has against these blocks; nothing when all are valid."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path")

    def about(blocks: Mapping[str, str]) -> str:
        terraform = Terraform("quickstart", tmp_path_factory.mktemp("shown"), {})
        for place, code in blocks.items():
            (terraform.folder / place).mkdir()
            (terraform.folder / place / "main.tf").write_text(complete(code))
        calls = (f'module "{place}" {{\nsource = "./{place}"\n}}\n' for place in blocks)
        (terraform.folder / "main.tf").write_text("".join(calls))
        (terraform.folder / "whole_module.tf.json").unlink()  # the example's module is not called here
        try:
            terraform.init()
            terraform.run("validate")
        except TerraformError as error:
            return str(error)
        return ""

    return about


def test_terraform_accepts_what_is_shown(complaint: Complaint) -> None:
    assert len(shown()) > 5
    assert complaint(shown()) == ""


def test_a_mistake_would_be_seen(complaint: Complaint) -> None:
    assert "no_such_input" in complaint({"mistake": "no_such_input = 1\n"})
