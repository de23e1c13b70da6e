"""The thin slice: a load balancer that somebody creates reaches the deployed function."""

from __future__ import annotations

import json

from tests.sandbox.account import Account, eventually

PRINTER = """
import json
def handler(event, context):
    for record in event["Records"]:
        print(json.dumps({"seen": json.loads(record["body"]), "sender": record["attributes"]["SenderId"]}))
"""


def test_creating_a_load_balancer_reaches_the_function_through_rule_topic_and_queue(aws: Account) -> None:
    aws.trail()
    _, queue = aws.queue("events")
    aws.rule(aws.topic_to(queue, raw=True))
    aws.function(PRINTER)
    aws.client("lambda").create_event_source_mapping(FunctionName="fn", EventSourceArn=queue, BatchSize=10)

    made = aws.load_balancer(Tags=[{"Key": "hostname", "Value": "cluster1.mesh.example.com"}])

    line = eventually(lambda: next((x for x in aws.sandbox.logs if x.text.startswith('{"seen"')), None))
    seen = json.loads(line.text)["seen"]
    assert seen["source"] == "aws.elasticloadbalancing"
    assert seen["detail"]["requestParameters"]["tags"] == [{"key": "hostname", "value": "cluster1.mesh.example.com"}]
    assert seen["detail"]["responseElements"]["loadBalancers"][0]["dNSName"] == made["DNSName"]
