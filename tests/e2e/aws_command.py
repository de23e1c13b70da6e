"""As much of the AWS CLI as the operations document types, run as `aws`: what AWS does not know fails.

Services, operations and parameters are those of botocore's models. With CHECK_ONLY in the environment nothing is
called.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import botocore.session
import jmespath
from botocore import xform_name
from botocore.model import Shape
from botocore.validate import ParamValidator

# Of the CLI itself, each with a value.
OPTIONS = {"--region", "--query", "--output", "--cli-binary-format", "--cli-read-timeout"}
# A command that no service has.
TAIL = {"--region", "--follow", "--format", "--since", "--filter-pattern"}


def run(arguments: Sequence[str]) -> str:
    """What the command prints. ValueError for what AWS does not know."""
    service, command, *rest = arguments
    if (service, command) == ("logs", "tail"):
        unknown = {each for each in rest if each.startswith("--")} - TAIL
        if unknown:
            raise ValueError(f"aws logs tail has no {unknown}")
        return ""
    session = botocore.session.get_session()
    model = session.get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if command not in operations:
        raise ValueError(f"{service} has no {command}")
    shape = model.operation_model(operations[command]).input_shape
    options, parameters, files = _sorted(rest, shape.members)
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise ValueError(report.generate_report())
    query = jmespath.compile(options.get("--query", "@"))
    if "CHECK_ONLY" in os.environ:
        return "checked"
    client = session.create_client(service, region_name=options["--region"])
    answer = getattr(client, xform_name(operations[command]))(**parameters)
    for file in files:
        Path(file).write_bytes(answer.pop("Payload").read())
    answer.pop("ResponseMetadata")
    found = query.search(answer)
    return str(found) if options.get("--output") == "text" else json.dumps(found, default=str)


def _sorted(words: Sequence[str], members: Mapping[str, Shape]) -> tuple[dict[str, str], dict[str, Any], list[str]]:
    """The CLI's options, the operation's parameters, and what stands alone."""
    known = {f"--{xform_name(name, '-')}": (name, shape) for name, shape in members.items()}
    options, parameters, alone = {}, {}, []
    for option, values in _grouped(words):
        if option in OPTIONS:
            options[option], rest = values[0], values[1:]
        elif option in known:
            name, shape = known[option]
            taken = len(values) if shape.type_name == "list" else 1
            parameters[name], rest = _value(values[:taken], shape), values[taken:]
        elif option:
            raise ValueError(f"no option {option}")
        else:
            rest = values
        alone += rest
    return options, parameters, alone


def _grouped(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with the words up to the next one."""
    option, values = "", []
    for word in words:
        if word.startswith("--"):
            yield option, values
            option, values = word, []
        else:
            values.append(word)
    yield option, values


def _value(words: Sequence[str], shape: Shape) -> Any:
    if shape.type_name == "list":
        return [_value([word], shape.member) for word in words]
    (word,) = words
    if shape.type_name == "structure" and not word.startswith("{"):
        return {name: _short(text, shape.members[name]) for name, text in re.findall(r"(\w+)=(\[.*?\]|[^,]*)", word)}
    if shape.type_name in {"structure", "map"}:
        return json.loads(word)
    if shape.type_name in {"integer", "long"}:
        return int(word)
    return word.encode() if shape.type_name == "blob" else word


def _short(text: str, shape: Shape) -> Any:
    """A value of the CLI's short form: `a` or `[a,b]`."""
    return [each for each in text.strip("[]").split(",") if each] if shape.type_name == "list" else text


if __name__ == "__main__":
    try:
        sys.stdout.write(run(sys.argv[1:]) + "\n")
    except ValueError as error:
        sys.exit(f"{' '.join(sys.argv[1:])}: {error}")
