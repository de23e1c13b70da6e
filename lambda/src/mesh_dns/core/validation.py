"""JSON Schema checks whose complaints a person understands."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

LONGEST_COMPLAINT = 200


@cache
def _validator(schema: str, definition: str) -> Validator:
    # Imported on first use: it is the slowest import of a cold start after boto3.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    document = json.loads(files("mesh_dns.schemas").joinpath(f"{schema}.json").read_text("utf-8"))
    if definition:
        document = {"$ref": f"#/$defs/{definition}", "$defs": document["$defs"]}
    return Draft202012Validator(document)


def complaint_about(value: Any, schema: str, definition: str = "") -> str | None:
    """What is wrong with a JSON value, by the file `schemas/<schema>.json` or one of its `$defs`; None when nothing.

    Names the place (`zones.mesh.example.com`) and the rule, in at most `LONGEST_COMPLAINT` characters.
    """
    try:
        text = _complaint(value, schema, definition)
    except RecursionError:
        return "nested too deeply to be understood"
    return text if text is None or len(text) <= LONGEST_COMPLAINT else f"{text[: LONGEST_COMPLAINT - 3]}..."


def _complaint(value: Any, schema: str, definition: str) -> str | None:
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    error = best_match(_validator(schema, definition).iter_errors(value))
    if error is None:
        return None
    place = ".".join(str(step) for step in error.absolute_path)
    return f"{place}: {error.message}" if place else error.message
