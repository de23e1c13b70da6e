"""`python -m sandbox.redrive`: put what is in the dead-letter queue back into the queue.

Against AWS the same is one command: `aws sqs start-message-move-task --source-arn ... --destination-arn ...`, which
the sandbox's SQS does not know.
"""

from __future__ import annotations

import os
import sys

import boto3

NAME = "mesh-dns"


def main() -> int:
    """Move every message; tells how many. The environment says where (as `make sandbox` prints it)."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        print("AWS_ENDPOINT_URL is not set: paste what `make sandbox` printed first", file=sys.stderr)
        return 1
    name = sys.argv[1] if len(sys.argv) > 1 else NAME
    sqs = boto3.client("sqs")
    source, target = (sqs.get_queue_url(QueueName=f"{name}-{queue}")["QueueUrl"] for queue in ("dead-letter", "events"))
    moved = 0
    while messages := sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        for message in messages:
            sqs.send_message(QueueUrl=target, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    print(f"{moved} messages are back in {name}-events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
