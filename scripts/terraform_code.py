"""What the Terraform files use of the provider, read line by line: as much of HCL as `terraform fmt` lets stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_OF_TERRAFORM = frozenset({"count", "for_each", "depends_on", "provider", "lifecycle"})
_BLOCK = re.compile(r'^(resource|data) "(aws_\w+)" "\w+" \{(?:\}|\n(.*?)^\})', re.MULTILINE | re.DOTALL)
_OPENS = re.compile(r'(?:dynamic "(?P<dynamic>\w+)"|(?P<block>\w+)) \{(?:$|(?P<closed>\})| (?P<only>\w+) += .* \}$)')
_HEREDOC = re.compile(r"<<-?(\w+)$")


@dataclass(slots=True)
class Use:
    """Of one kind of resource or data source: `arguments`, also of nested blocks; `attributes` that others refer to.

    An argument of a nested block has the blocks' names in front: `scaling_config.maximum_concurrency`.
    """

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
    """The names on the left, those within blocks after the blocks'; what stands in an expression is a value."""
    depth, heredoc = 0, ""
    blocks: list[str] = []
    for line in body.splitlines():
        text = line.strip()
        if heredoc:
            heredoc = "" if text == heredoc else heredoc
            continue
        if depth == 0:
            if text == "}":
                blocks.pop()
                continue
            block = _OPENS.match(text)
            if block is not None:
                name = block["dynamic"] or block["block"]
                yield from _path(blocks, name)
                if block["only"]:
                    yield from _path([*blocks, name], block["only"])
                elif not block["closed"]:
                    blocks.append(name)
                continue
            argument = re.match(r"(\w+) += ", text)
            if argument is None:
                continue
            yield from _path(blocks, argument[1])
        depth += _opened(text)
        match = _HEREDOC.search(text)
        heredoc = match[1] if match else ""


def _path(blocks: Sequence[str], name: str) -> Iterator[str]:
    """`block.block.name`, as the provider sees it: nothing of Terraform's own, and a dynamic block as a block."""
    path = [each for each in (*blocks, name) if each != "content"]
    if name != "content" and not _OF_TERRAFORM.intersection(path):
        yield ".".join(path)


def _opened(text: str) -> int:
    """Brackets that a line opens, less those that it closes; what is quoted or a comment does not count."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", text)
    bare = re.sub(r"(^|\s)(#|//).*", "", bare)
    return sum(bare.count(each) for each in "([{") - sum(bare.count(each) for each in ")]}")
