"""`python -m sandbox`: start everything, print the environment to paste, run until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import signal
import threading
from types import FrameType

from sandbox.function_logs import LogLine
from sandbox.lateness import VARIABLE
from sandbox.sandbox import Sandbox

_ZONE = "mesh.example.com"
_TOKEN = "sandbox-token-0123456789abcdefghijklmnop"  # noqa: S105  # opens the emulated zone only


def main() -> None:
    """Run the sandbox in the foreground."""
    options = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    options.add_argument("--zone", default=_ZONE, help=f"name of the emulated zone (default {_ZONE})")
    zone = options.parse_args().zone
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, end)
    with Sandbox(on_log_line=_print_line) as sandbox:
        zone_id = sandbox.cloudflare.add_zone(zone)
        sandbox.cloudflare.add_token(_TOKEN, [zone_id])
        print(_welcome(sandbox, zone, zone_id), flush=True)
        ended.wait()
        print("Stopping.", flush=True)


def _welcome(sandbox: Sandbox, zone: str, zone_id: str) -> str:
    variables = sandbox.environment() | {"SANDBOX_ZONE_ID": zone_id, "SANDBOX_CLOUDFLARE_TOKEN": _TOKEN}
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
    return f"""\
The sandbox runs. Paste this into another terminal:

{exports}

aws elbv2 describe-load-balancers --endpoint-url "$AWS_ENDPOINT_URL"
curl -H "Authorization: Bearer $SANDBOX_CLOUDFLARE_TOKEN" "$CLOUDFLARE_BASE_URL/zones/{zone_id}/dns_records"
dig @{sandbox.dns.host} -p {sandbox.dns.port} cluster1.{zone}

AWS shows things as late as the real one; {VARIABLE}=instant before the start turns that off.
What functions print appears below. Ctrl-C ends it all.
"""


def _print_line(line: LogLine) -> None:
    print(f"{line.function}: {line.text}", flush=True)


if __name__ == "__main__":
    main()
