"""What a cold start costs in imports, as ratios to `import boto3`: `python -m bench.cold_start`.

Each number is the best of several fresh interpreters, taken in turns so that a busy machine disturbs all alike. Twice:
from the source, with byte code on disk as boto3 has it, which is what the limits are for; and from the zip as Lambda
finds it, where Python compiles our code and its libraries each time, and boto3 is the runtime's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.doubles.hub import OWNER

ROOT = Path(__file__).resolve().parent.parent
RUNS = 7

SETTINGS = {
    "owner": OWNER,
    "account": "111122223333",
    "region": "eu-west-1",
    "role_id": "AROAEXAMPLE",
    "queue_url": "https://sqs.eu-west-1.amazonaws.com/111122223333/mesh-dns-events",
    "dead_letter_queue_url": "https://sqs.eu-west-1.amazonaws.com/111122223333/mesh-dns-dead-letter",
    "table_name": "mesh-dns",
    "zones": {"mesh.example.com": {"cloudflare": {"zone_id": "0" * 32}}},
    "tokens": {"default": {"secret_arn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-AbCdEf"}},
}

BASE = "import boto3"
STEPS = {
    BASE: BASE,
    "boto3 with two clients": "import boto3; [boto3.client(name) for name in ('elbv2', 'secretsmanager')]",
    "import mesh_dns.handler": "import mesh_dns.handler",
    "... and the ports and clients of a first event": (
        "from mesh_dns import handler; handler._intake('mesh-dns')\n"
        "from mesh_dns.aws.clients import AwsClients\n"
        "clients = AwsClients('eu-west-1'); clients.client('elbv2'); clients.client('secretsmanager')\n"
        "from mesh_dns.core.validation import complaint_about; complaint_about({}, 'event')"
    ),
}
LIMITS = {"import mesh_dns.handler": 1.6, "... and the ports and clients of a first event": 2.5}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        unpacked = _unpacked(Path(folder))
        variants = {"source": [str(ROOT / "lambda" / "src")], "zip": [str(path) for path in unpacked]}
        print("| step | from source | ratio | from the zip | ratio | at most |")
        print("|---|---|---|---|---|---|")
        best = {variant: _best_times(paths, compile_anew=variant == "zip") for variant, paths in variants.items()}
    for step in STEPS:
        cells = [f"{times[step] * 1000:.0f} ms | {times[step] / times[BASE]:.2f}" for times in best.values()]
        print(f"| {step} | {' | '.join(cells)} | {LIMITS.get(step, '')} |")


def _unpacked(folder: Path) -> list[Path]:
    """The zip's content, and in front of it the one package that is compiled for this interpreter."""
    front, code = folder / "front", folder / "code"
    spec = importlib.util.find_spec("rpds")
    if spec is None or spec.origin is None:
        raise RuntimeError("rpds is missing: install the development tools")
    shutil.copytree(Path(spec.origin).parent, front / "rpds", ignore=shutil.ignore_patterns("__pycache__"))
    with zipfile.ZipFile(ROOT / "lambda" / "package.zip") as archive:
        archive.extractall(code)
    return [front, code]


def _best_times(paths: list[str], *, compile_anew: bool) -> Mapping[str, float]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1" if compile_anew else "",
        "MESH_DNS_SETTINGS": json.dumps(SETTINGS),
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    times: dict[str, float] = {}
    for _ in range(RUNS):
        for step, code in STEPS.items():
            took = _time(code, environment)
            times[step] = min(took, times.get(step, took))
    return times


def _time(code: str, environment: Mapping[str, str]) -> float:
    program = f"import time; start = time.process_time()\n{code}\nprint(time.process_time() - start)"
    # -P: not from the current folder, so that nothing but what is measured can be found.
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return float(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
