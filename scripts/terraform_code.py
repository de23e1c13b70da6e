"""What the Terraform files use of the provider, read line by line: as much of HCL as `terraform fmt` lets stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_OF_TERRAFORM = frozenset({"count", "for_each", "depends_on", "provider", "lifecycle"})
_BLOCK = re.compile(r'^(resource|data) "(aws_\w+)" "\w+" \{(?:\}|\n(.*?)^\})', re.MULTILINE | re.DOTALL)
_HEREDOC = re.compile(r"<<-?(\w+)$")


@dataclass(slots=True)
class Use:
    """Of one kind of resource or data source: `arguments`, also of nested blocks; `attributes` that others refer to."""

    arguments: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)


def used(root: Path) -> Mapping[str, Use]:
    """Address (`aws_sqs_queue`, `data.aws_region`) => use, in the module, its submodules and its examples."""
    files = [*root.glob("*.tf"), *(file for part in ("modules", "examples") for file in (root / part).rglob("*.tf"))]
    texts = [file.read_text() for file in files if ".terraform" not in file.parts]
    found: dict[str, Use] = {}
    for text in texts:
        for kind, name, body in _BLOCK.findall(text):
            address = name if kind == "resource" else f"data.{name}"
            found.setdefault(address, Use()).arguments.update(_arguments(body))
    reference = re.compile(r"(?<![\w.])((?:data\.)?aws_\w+)\.\w+(?:\[[^\]]*\])?\.(\w+)")
    for text in texts:
        for address, attribute in reference.findall(text):
            if address in found:
                found[address].attributes.add(attribute)
    return found


def _arguments(body: str) -> Iterator[str]:
    """The names on the left in a block and in the blocks within it; what stands in an expression is a value."""
    depth, heredoc, ours = 0, "", 0
    for line in body.splitlines():
        text = line.strip()
        if heredoc:
            heredoc = "" if text == heredoc else heredoc
            continue
        if depth == 0:
            block = re.fullmatch(r'(?:dynamic "(\w+)"|(\w+)) \{\}?', text)
            argument = re.match(r"(\w+) += ", text)
            if block is not None or text == "}":
                name = "" if block is None else block[1] or block[2]
                ours = _within(ours, name, text)
                if name not in {"", "content", *_OF_TERRAFORM} and ours == 0:
                    yield name
                continue
            if argument is None:
                continue
            if argument[1] not in _OF_TERRAFORM and ours == 0:
                yield argument[1]
        depth += _opened(text)
        match = _HEREDOC.search(text)
        heredoc = match[1] if match else ""


def _within(ours: int, name: str, text: str) -> int:
    """How many blocks deep the line is in one that is Terraform's, not the provider's; 0 outside of them."""
    if text == "}":
        return max(0, ours - 1)
    return ours + 1 if ours or name == "lifecycle" else 0


def _opened(text: str) -> int:
    """Brackets that a line opens, less those that it closes; what is quoted or a comment does not count."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", text)
    bare = re.sub(r"(^|\s)(#|//).*", "", bare)
    return sum(bare.count(each) for each in "([{") - sum(bare.count(each) for each in ")]}")
