"""`python -m sandbox.redrive`: put what is in the dead-letter queue back into the queue.

The same as `aws sqs start-message-move-task --source-arn ... --destination-arn ...`, for whoever has no `aws`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import boto3

NAME = "mesh-dns"


def main() -> int:
    """Move every message; tells how many. The environment says where (as `make sandbox` prints it)."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        print("AWS_ENDPOINT_URL is not set: paste what `make sandbox` printed first", file=sys.stderr)
        return 1
    name = sys.argv[1] if len(sys.argv) > 1 else NAME
    sqs = boto3.client("sqs")
    source, target = (_arn(sqs, f"{name}-{queue}") for queue in ("dead-letter", "events"))
    sqs.start_message_move_task(SourceArn=source, DestinationArn=target)
    (task,) = sqs.list_message_move_tasks(SourceArn=source)["Results"]
    print(f"{task['ApproximateNumberOfMessagesMoved']} messages are back in {name}-events")
    return 0


def _arn(sqs: Any, name: str) -> str:
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


if __name__ == "__main__":
    sys.exit(main())
