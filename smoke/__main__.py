"""`make smoke`: tries the module on the account that the credentials lead to, and writes a report. Asks first.

export AWS_PROFILE=...            # an administrator of the account
export CLOUDFLARE_API_TOKEN=...   # with Zone / DNS / Edit on the zone
make smoke ZONE=example.com ZONE_ID=0123... SMOKE="more options"
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
from pathlib import Path
from types import FrameType

import boto3
from botocore.exceptions import BotoCoreError

from sandbox.terraform import ROOT, Terraform, TerraformError
from smoke.installation import terraform
from smoke.place import Place
from smoke.play import Play
from smoke.preparation import OWN_TRAIL, NotReady, place_of, prepare, try_zone
from smoke.removal import remove_everything
from smoke.report import Report, described, speak

COST = "less than a dollar: two network load balancers for about an hour, and a few thousand requests"

SANDBOX = "a sandbox: an imitation of AWS and Cloudflare on one machine, whose times say little about theirs"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all was as promised and nothing is left, 1 otherwise, 2 if it could not begin, 130 if interrupted."""
    options = _options(arguments)
    run = options.clean or secrets.token_hex(3)
    try:
        place = place_of(run, options)
        if not options.clean:
            prepare(place, options)
    except NotReady as lack:
        print(lack, file=sys.stderr)
        return 2
    report = Report(_hidden(place))
    if not (options.yes or options.clean) and not _agreed(place):
        return 2
    folder = ROOT / "build" / "smoke" / run
    applied = terraform(place, folder, options.grace, options.own_trail)
    speak(_first_words(place, options))
    try:
        if not options.clean:
            try_zone(place)
    except NotReady as lack:
        print(lack, file=sys.stderr)
        return 2
    interrupted = _play(place, applied, report, options)
    path = folder / ("cleaned.md" if options.clean else "report.md")  # an earlier report tells more
    path.write_text(report.markdown(_facts(place, applied, report, options)))
    speak(f"\n{report.redacted(report.verdict())} The report, which can be shown to anybody:\n{path}")
    if report.left:
        speak(f"Try again to take away what is left, or do it by hand:\n  {_cleaning(place, options.own_trail)}")
    if interrupted:
        return 130
    return 1 if report.failed or report.left else 0


def _play(place: Place, applied: Terraform, report: Report, options: argparse.Namespace) -> bool:
    """Do it all, then take everything away, however it ended; whether it was interrupted."""
    interrupted = False
    _on_interrupt(_interrupt)
    try:
        if not options.clean:
            Play(place, applied, report, options.patience, options.grace).run()
    except KeyboardInterrupt:
        interrupted = True
        report.check("it went on to the end", False, "it was interrupted")
    except Exception as error:  # whatever it was: what was made must go, and the report must be written
        report.check("it went on to the end", False, described(error))
    finally:
        _on_interrupt(signal.SIG_IGN)  # taking everything away is not interrupted
        _take_away(place, applied, report)
    return interrupted


def _take_away(place: Place, applied: Terraform, report: Report) -> None:
    """Remove everything; an error in that is told like anything else."""
    try:
        remove_everything(place, applied, report)
    except Exception as error:
        report.left.append(report.shortened(f"nobody knows what, because of {described(error)}"))
        report.check("everything was taken away", False, described(error))


def _hidden(place: Place) -> Mapping[str, str]:
    """What must not be read in the report => what stands there; errors also name folders, and these a user."""
    ours = {place.account: "<account>", place.zone_id: "<zone id>", place.zone: "<zone>", place.token: "<token>"}
    home = str(Path.home())
    return ours | {str(ROOT): "<clone>"} | ({home: "<home>"} if home != "/" else {})


def _first_words(place: Place, options: argparse.Namespace) -> str:
    """What somebody who has to take it away by hand must know: this process may not live to do it."""
    where = f"account {place.account}, region {place.region}"
    if options.clean:
        return f"Taking away what the run {place.run} left in {where}. What it left in another account is not found."
    told = f"If this is killed, what it made is still in {where}. Take it away with the same credentials and token:"
    return f"{told}\n  {_cleaning(place, options.own_trail)}"


def _cleaning(place: Place, own_trail: bool) -> str:
    """The command that takes away what a run made, as it is typed."""
    more = f"--clean {place.run} --region {place.region}" + (f" {OWN_TRAIL}" if own_trail else "")
    return f'make smoke ZONE={place.zone} ZONE_ID={place.zone_id} SMOKE="{more}"'


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m smoke", description=__doc__)
    parser.add_argument("--zone", default="", help="the zone's name at Cloudflare, such as example.com")
    parser.add_argument("--zone-id", default="", help="its id: 32 hexadecimal digits")
    parser.add_argument("--region", default=_region(), help="of the load balancers (default: the profile's)")
    parser.add_argument("--vpc", default="", help="where the load balancers are made, if not in the default VPC")
    parser.add_argument(OWN_TRAIL, action="store_true", help="the account has no trail of write management events")
    parser.add_argument("--grace", type=int, default=60, help="seconds between the two looks (default 60)")
    parser.add_argument("--patience", type=float, default=600, help="seconds that one thing may take (default 600)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--clean", metavar="RUN", default="", help="only take away what an earlier run left")
    return parser.parse_args(arguments)


def _region() -> str:
    """That of the environment, else of the profile; a profile that is not there is told when it is needed."""
    try:
        return os.environ.get("AWS_REGION") or boto3.Session().region_name or "eu-west-1"
    except BotoCoreError:
        return "eu-west-1"


def _agreed(place: Place) -> bool:
    print(f"This makes the module, two load balancers and names below {place.suffix} in account {place.account},")
    print(f"region {place.region}, and takes everything away again. It costs {COST}.")
    try:
        return input("Go on? [y/N] ").strip().lower() == "y"
    except (EOFError, KeyboardInterrupt):
        return False


def _facts(place: Place, applied: Terraform, report: Report, options: argparse.Namespace) -> Mapping[str, str]:
    try:
        versions = applied.versions()
    except TerraformError:  # the report is worth more than this
        versions = {}
    return {
        "did": f"only take away what the run {options.clean} left" if options.clean else "everything",
        "ran on": SANDBOX if "AWS_ENDPOINT_URL" in os.environ else "AWS",
        "ended": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, after {report.seconds / 60:.0f} minutes",
        "costs on AWS": COST,
        "commit": _commit(),
        "Terraform": versions.get("terraform", "?"),
        "AWS provider": versions.get("hashicorp/aws", "?"),
        "Python": platform.python_version(),
        "region": options.region,
        "CloudTrail's trail": "the module's own" if options.own_trail else "the account's",
        "reserved concurrency": "1" if place.may_reserve else "none: the account's limit is too low",
        "grace": f"{options.grace} s from the first look at what is gone to the second, before its record is deleted",
        "patience": f"{options.patience:.0f} s, within which each thing must happen",
    }


def _commit() -> str:
    """The commit that is checked out here, and whether something differs from it."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return said.stdout.strip() or "not in a git repository"


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    _on_interrupt(signal.SIG_IGN)  # a second one would cut short how Terraform writes down what it made
    raise KeyboardInterrupt


def _on_interrupt(handler: signal.Handlers | Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
