"""Functions run as they were deployed."""

from __future__ import annotations

import base64
import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, eventually, package

ECHO = """
import os
def handler(event, context):
    print("hello from", context.function_name)
    return {"event": event, "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(),
            "environment": {k: os.environ.get(k) for k in ("A", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME")}}
"""

IMPORTS = """
import importlib, sys
def attempt(name):
    try:
        return importlib.import_module(name).__file__
    except ImportError:
        return None
def handler(event, context):
    return {name: attempt(name) for name in event}
"""

CALLS = """
import boto3, os
def handler(event, context):
    sqs = boto3.client("sqs")
    entry = {"Id": "1", "MessageBody": "b"}
    sqs.send_message_batch(QueueUrl=event["queue"], Entries=[entry])
    boto3.client("elbv2").describe_load_balancers()
    boto3.client("resourcegroupstaggingapi").get_resources()
    boto3.client("ssm").get_parameters_by_path(Path="/mesh-dns/")
    sts = boto3.client("sts")
    reader = sts.assume_role(RoleArn=event["reader"], RoleSessionName="me", ExternalId="an-id")["Credentials"]
    boto3.client("elbv2", aws_access_key_id=reader["AccessKeyId"], aws_secret_access_key=reader["SecretAccessKey"],
                 aws_session_token=reader["SessionToken"]).describe_load_balancers()
    return os.environ["AWS_ENDPOINT_URL"], os.environ["CLOUDFLARE_BASE_URL"]
"""


def test_invoke_gives_the_event_the_context_the_environment_and_the_log(aws: Account) -> None:
    arn = aws.function(ECHO, Environment={"Variables": {"A": "1"}})
    answer = aws.invoke({"x": 1}, LogType="Tail")
    assert answer["Payload"]["event"] == {"x": 1}
    assert answer["Payload"]["arn"] == arn
    assert 0 < answer["Payload"]["left"] <= 20_000
    assert answer["Payload"]["environment"] == {"A": "1", "AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "fn"}
    assert "hello from fn" in base64.b64decode(answer["LogResult"]).decode()
    assert "hello from fn" in [line.text for line in aws.sandbox.logs]


def test_logs_reach_the_log_group(aws: Account) -> None:
    aws.client("logs").create_log_group(logGroupName="/custom")
    aws.function(ECHO, LoggingConfig={"LogFormat": "Text", "LogGroup": "/custom"})
    aws.invoke({})
    events = aws.client("logs").filter_log_events(logGroupName="/custom")["events"]
    assert "hello from fn" in [event["message"] for event in events]


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def handler(e, c):\n    raise ValueError('bad')", "ValueError", "bad"),
        ("import nothing_of_that_name", "Runtime.ImportModuleError", "nothing_of_that_name"),
        ("import os\ndef handler(e, c):\n    os._exit(1)", "Runtime.ExitError", "exited"),
        ("import time\ndef handler(e, c):\n    time.sleep(30)", "Sandbox.Timedout", "timed out after 1.00 seconds"),
    ],
    ids=["raises", "cannot be imported", "dies", "takes too long"],
)
def test_an_error_of_the_function(aws: Account, source: str, kind: str, message: str) -> None:
    aws.function(source, Timeout=1)
    for _ in range(2):  # the second time in a new process
        answer = aws.invoke({})
        assert answer["FunctionError"] == "Unhandled"
        assert answer["Payload"]["errorType"] == kind
        assert message in answer["Payload"]["errorMessage"]


def test_a_function_finds_its_zip_then_the_runtime_and_nothing_else(aws: Account) -> None:
    aws.function(IMPORTS, files={"requests.py": "", "rpds/__init__.py": "raise ImportError"})
    found = aws.invoke(["requests", "rpds", "boto3", "jsonschema", "moto"])["Payload"]
    assert found["requests"].startswith("/")
    assert "/front/rpds/" in found["rpds"]
    assert "/runtime/boto3/" in found["boto3"]
    assert (found["jsonschema"], found["moto"]) == (None, None)


def test_a_package_in_the_zip_hides_the_one_of_the_runtime(aws: Account) -> None:
    aws.function(IMPORTS, files={"boto3.py": ""})
    assert aws.invoke(["boto3"])["Payload"]["boto3"].endswith("/boto3.py")


def test_new_code_and_new_settings_run_at_the_next_invocation(aws: Account) -> None:
    aws.function("import os\ndef handler(e, c):\n    return ['old', os.environ.get('A')]")
    functions = aws.client("lambda")
    assert aws.invoke({})["Payload"] == ["old", None]
    functions.update_function_configuration(FunctionName="fn", Environment={"Variables": {"A": "2"}})
    assert aws.invoke({})["Payload"] == ["old", "2"]
    functions.update_function_code(FunctionName="fn", ZipFile=package("def handler(e, c):\n    return 'new'"))
    assert aws.invoke({})["Payload"] == "new"


def test_a_process_is_kept_warm(aws: Account) -> None:
    aws.function("import os\ndef handler(e, c):\n    return os.getpid()")
    assert aws.invoke({})["Payload"] == aws.invoke({})["Payload"]


def test_calls_are_recorded_as_iam_spells_them_with_account_and_role(aws: Account) -> None:
    own = aws.role()
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": "an-id"}, "ArnEquals": {"aws:PrincipalArn": own}},
    }
    spoke = Account(aws.sandbox, "444455556666")
    reader = spoke.role("reader", {"Statement": [statement]})
    aws.function(CALLS, Role=own, Timeout=60)
    url, arn = aws.queue("events")
    aws.client("elbv2").describe_target_groups()
    endpoints = aws.invoke({"queue": url, "reader": reader})["Payload"]
    assert endpoints == [aws.sandbox.endpoint, aws.sandbox.cloudflare.base_url]
    assert aws.sandbox.actions_of(own) == {
        "sqs:SendMessage", "elasticloadbalancing:DescribeLoadBalancers", "tag:GetResources",
        "ssm:GetParametersByPath", "sts:AssumeRole",
    }  # fmt: skip
    assert aws.sandbox.actions_of(reader) == {"elasticloadbalancing:DescribeLoadBalancers"}
    resources = {call.action: call.resource for call in aws.sandbox.calls}
    assert resources["sqs:SendMessage"] == arn
    assert resources["sts:AssumeRole"] == reader
    assert resources["ssm:GetParametersByPath"] == "arn:aws:ssm:eu-west-1:123456789012:parameter/mesh-dns"
    assert {call.account for call in aws.sandbox.calls if call.role_arn == reader} == {"444455556666"}
    role_id = aws.client("iam").get_role(RoleName="function")["Role"]["RoleId"]
    assert aws.received(url)[0]["Attributes"]["SenderId"] == f"{role_id}:fn"


def test_a_busy_function_with_reserved_concurrency_is_throttled_and_can_be_killed(aws: Account) -> None:
    aws.function("import time\ndef handler(e, c):\n    print('busy')\n    time.sleep(15)")
    answers: list[object] = []
    first = threading.Thread(target=lambda: answers.append(aws.invoke({})))
    first.start()
    eventually(lambda: "busy" in [line.text for line in aws.sandbox.logs])
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        aws.invoke({})
    started = time.monotonic()
    assert aws.sandbox.kill_function() == 1
    first.join()
    assert time.monotonic() - started < 10
    assert json.dumps(answers[0], default=str).count("Runtime.ExitError") == 1


def test_recursion_can_be_allowed(aws: Account) -> None:
    aws.function(ECHO)
    functions = aws.client("lambda")
    assert functions.get_function_recursion_config(FunctionName="fn")["RecursiveLoop"] == "Terminate"
    functions.put_function_recursion_config(FunctionName="fn", RecursiveLoop="Allow")
    assert functions.get_function_recursion_config(FunctionName="fn")["RecursiveLoop"] == "Allow"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.get_function_recursion_config(FunctionName="other")
