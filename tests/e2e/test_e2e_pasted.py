"""The output `commands`: what the operations document says, in the shell's and in AWS's words, ready to paste."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox.sandbox import ACCOUNT, REGION
from tests.docs.test_documents import OPERATIONS, section
from tests.e2e.installation import Installation

DEAD_LETTER_URL = '$(aws sqs get-queue-url --queue-name "$NAME-dead-letter" --query QueueUrl --output text)'
# What the document takes as an example => what is to be replaced in a command.
EXAMPLES = {
    "111122223333": "<account>",
    "us-east-1": "<region>",
    "cluster1.mesh.example.com": "<hostname>",
    "cluster7 was taken down": "<why>",
    '"why":"left"': '"why":"<why>"',
    "moved away": "<why>",
    "059f36b4-87a3-44ab-83d2-661975830a7d": "<message id>",
}


@pytest.fixture(scope="module")
def commands(installation: Installation) -> Mapping[str, str]:
    """Name => command, as the example's output has them."""
    return dict(installation.outputs["commands"])


@pytest.fixture(scope="module")
def shell(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run a command by bash, where `aws` is ours; what it prints. Fails with what went wrong."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).parent / "aws_command.py"} "$@"\n')
    (folder / "aws").chmod(0o755)
    known = installation.sandbox.environment() | {"PATH": f"{folder}:{os.environ['PATH']}"}

    def run(command: str, **environment: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["bash", "-euo", "pipefail", "-c", command],  # noqa: S607
            env={**os.environ, **known, **environment},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def paste(shell: Callable[..., str], commands: Mapping[str, str]) -> Callable[..., str]:
    """Paste the command of a name, with what stands in <> replaced; what it prints."""

    def run(name: str, **replaced: str) -> str:
        command = _replaced(commands[name], {f"<{word}>": value for word, value in replaced.items()})
        assert "<" not in re.sub(r"reason <> :right", "", command)
        return shell(command)

    return run


def words(command: str) -> list[str]:
    """A command's words, without where it runs."""
    found = shlex.split(re.sub(r" --region [a-z0-9-]+", "", command))
    return [word for word in found if word]


def documented(installation: Installation) -> list[list[str]]:
    """The words of each command of the document that names something of the installation."""
    text = OPERATIONS.read_text()
    blocks = [block.replace("\\\n", " ") for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    lines = [line.split("   # ")[0] for block in blocks for line in block.splitlines() if line.startswith("aws ")]
    lines += [line for line in re.findall(r"`(aws [^`]+)`", text) if line.split()[1:2] != ["cloudwatch"]]
    found = {line.replace('"$queue"', DEAD_LETTER_URL) for line in lines if "$" in line}
    return [words(_named(line, installation)) for line in sorted(found)]


def _named(line: str, installation: Installation) -> str:
    outputs = installation.outputs
    names = {"$NAME": outputs["function_name"], "$TABLE": outputs["table_name"]}
    return _replaced(line, {**EXAMPLES, **names, "$ACCOUNT": ACCOUNT, "$AWS_REGION": REGION})


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def queries() -> set[str]:
    """The questions to the log, each in one line."""
    blocks = re.findall(r"```text\n(.*?)\n```", section(OPERATIONS, "Questions to the log"), re.DOTALL)
    return {_replaced(block.replace("\n", " "), EXAMPLES) for block in blocks}


def test_every_command_of_the_document_is_there_and_no_other(
    installation: Installation, commands: Mapping[str, str]
) -> None:
    own = {name: words(command) for name, command in commands.items() if not name.startswith(("log_", "fill_token_"))}
    assert sorted(own.values()) == sorted(documented(installation))
    assert len({tuple(each) for each in own.values()}) == len(own)


def test_every_question_to_the_log_is_there_and_no_other(commands: Mapping[str, str]) -> None:
    asked = [re.findall(r"--query-string '(.*?)'", command)[0] for name, command in commands.items()
             if name.startswith("log_")]  # fmt: skip
    assert sorted(asked) == sorted(queries())


def test_a_secret_that_the_module_made_can_be_filled(installation: Installation, commands: Mapping[str, str]) -> None:
    assert f"--secret-id {installation.outputs['secret_arn']} " in commands["fill_token_default"]


def test_each_is_a_shell_command_that_aws_knows(shell: Callable[..., str], commands: Mapping[str, str]) -> None:
    for command in commands.values():
        shell(command.replace("sleep 10", "true"), CHECK_ONLY="1")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("aws lambda invoke --function mesh-dns /dev/stdout", id="a parameter that there is not"),
        pytest.param("aws sqs purge", id="an operation that there is not"),
        pytest.param("aws sqs receive-message --max-number-of-messages 10", id="without a parameter that it needs"),
        pytest.param("aws sqs purge-queue --queue-url 'x", id="an open quote"),
    ],
)
def test_a_wrong_one_would_be_seen(shell: Callable[..., str], wrong: str) -> None:
    with pytest.raises(AssertionError):
        shell(wrong, CHECK_ONLY="1")


def test_they_do_what_the_document_says(mesh: Installation, paste: Callable[..., str]) -> None:
    controller, name = mesh.controller(), mesh.hostname()
    mesh.create_unnoticed(controller, name)
    mesh.drain()

    answer, _ = json.JSONDecoder().raw_decode(paste("sweep"))
    assert answer["done"] == f"{ACCOUNT}/{REGION}"

    assert mesh.records(name)
    assert json.loads(paste("show_name", hostname=name))["reason"]["S"] in {"create", "in-sync"}
    assert name not in paste("show_not_right")
    assert json.loads(paste("show_scopes")) == []  # an installation without spokes remembers none
    assert "would_forget" in paste("forget_name", hostname=name)


def test_a_dead_letter_is_shown_and_purged(mesh: Installation, paste: Callable[..., str]) -> None:
    mesh.send("not JSON")
    mesh.wait(mesh.dead_letters, "the message is a dead letter")

    (letter,) = json.loads(paste("dead_letters"))
    assert letter[1]["reason"]["StringValue"].startswith("not JSON")
    assert letter[2] == "not JSON"
    paste("dead_letters_purge")
    assert json.loads(paste("dead_letters")) is None
