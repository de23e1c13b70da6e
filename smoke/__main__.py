"""`make smoke`: tries the module on the account that the credentials lead to, and writes a report. Asks first.

Needed: AWS credentials of an administrator (AWS_PROFILE or others), CLOUDFLARE_API_TOKEN with Zone / DNS / Edit, and
the zone: --zone example.com --zone-id 0123...
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.terraform import ROOT, Terraform, TerraformError
from smoke.installation import terraform
from smoke.place import Place
from smoke.play import Play
from smoke.removal import remove_everything
from smoke.report import Report, speak

COST = "It costs less than a dollar: two network load balancers for about half an hour, and a few thousand requests."


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything was as promised and nothing is left, 1 otherwise, 130 when it was interrupted."""
    options = _options(arguments)
    token = os.environ.get("CLOUDFLARE_API_TOKEN", "")
    if not token:
        print("CLOUDFLARE_API_TOKEN is not set: a token with Zone / DNS / Edit on the zone", file=sys.stderr)
        return 2
    run = options.clean or secrets.token_hex(3)
    place = Place(run, options.region, options.zone, options.zone_id, token)
    hidden = {place.account: "<account>", place.zone_id: "<zone id>", place.zone: "<zone>", token: "<token>"}
    report = Report(hidden)
    if not (options.yes or options.clean) and not _agreed(place):
        return 2
    folder = ROOT / "build" / "smoke" / run
    applied = terraform(place, folder, options.grace, options.own_trail)
    speak(f"If this is killed: python -m smoke --clean {run} with the same zone and region takes everything away.")
    interrupted = False
    _on_interrupt(_interrupt)
    try:
        if not options.clean:
            _play(place, applied, report, options)
    except KeyboardInterrupt:
        interrupted = True
        report.check("it went on to the end", False, "it was interrupted")
    except (TerraformError, ClientError, BotoCoreError, OSError) as error:
        report.check("it went on to the end", False, str(error)[-300:])
    finally:
        _on_interrupt(signal.SIG_IGN)  # taking everything away is not interrupted
        remove_everything(place, applied, report)
    path = folder / "report.md"
    path.write_text(report.markdown(_facts(options)))
    speak(f"\n{report.redacted(report.verdict())} The report, which can be shown to anybody:\n{path}")
    if interrupted:
        return 130
    return 1 if report.failed or report.left else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m smoke", description=__doc__)
    parser.add_argument("--zone", required=True, help="the zone's name at Cloudflare, such as example.com")
    parser.add_argument("--zone-id", required=True, help="its id: 32 hexadecimal digits")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "eu-west-1"))
    parser.add_argument("--own-trail", action="store_true", help="the account has no trail of write management events")
    parser.add_argument("--grace", type=int, default=60, help="seconds between the two looks (default 60)")
    parser.add_argument("--patience", type=float, default=600, help="seconds that one thing may take (default 600)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--clean", metavar="RUN", default="", help="only take away what an earlier run left")
    return parser.parse_args(arguments)


def _agreed(place: Place) -> bool:
    print(f"This makes the module, two load balancers and names below {place.suffix} in account {place.account},")
    print(f"region {place.region}, and takes everything away again. {COST}")
    return input("Go on? [y/N] ").strip().lower() == "y"


def _play(place: Place, applied: Terraform, report: Report, options: argparse.Namespace) -> None:
    Play(place, applied, report, options.patience, options.grace).run()


def _facts(options: argparse.Namespace) -> Mapping[str, str]:
    said = subprocess.run(["terraform", "version"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    return {
        "ran on": "a sandbox" if "AWS_ENDPOINT_URL" in os.environ else "AWS",
        "ended": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Terraform": (said.splitlines() or ["?"])[0].removeprefix("Terraform "),
        "Python": platform.python_version(),
        "region": options.region,
        "trail": "the module's own" if options.own_trail else "the account's",
    }


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    _on_interrupt(signal.SIG_IGN)  # a second one would cut short how Terraform writes down what it made
    raise KeyboardInterrupt


def _on_interrupt(handler: signal.Handlers | Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
