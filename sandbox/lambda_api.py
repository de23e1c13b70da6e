"""The calls of the Lambda API that moto does not serve as AWS does: Invoke, recursion and account settings."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction, lambda_backends
from werkzeug.wrappers import Response

from sandbox.function_logs import FunctionLogs
from sandbox.functions import FunctionService, ThrottledError, deployed_function

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call

_INVOKE = re.compile(r"^/2015-03-31/functions/(?P<name>[^/]+)/invocations/?$")
_RECURSION = re.compile(r"^/2024-08-31/functions/(?P<name>[^/]+)/recursion-config/?$")


_ACCOUNT_SETTINGS = re.compile(r"^/2016-08-19/account-settings/?$")
_QUOTA = "MOTO_LAMBDA_CONCURRENCY_QUOTA"
"""moto's own: how many executions an account may have at a time. Without it nothing is limited."""


class LambdaApi:
    """Invoke runs the function for real. PutFunctionRecursionConfig and GetAccountSettings are not in moto at all."""

    def __init__(self, functions: FunctionService, logs: FunctionLogs) -> None:
        self._functions = functions
        self._logs = logs
        self._recursion: dict[str, str] = {}

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """Answer one of these calls, none other."""
        if call.service == "lambda" and _ACCOUNT_SETTINGS.match(call.path):
            return _account_settings(caller.account, call.region)
        invoke, recursion = _INVOKE.match(call.path), _RECURSION.match(call.path)
        path = invoke or recursion
        if call.service != "lambda" or path is None:
            return None
        try:
            function = deployed_function(unquote(path["name"]), caller.account, call.region)
        except KeyError as unknown:
            return _failure(404, "ResourceNotFoundException", f"Function not found: {unknown.args[0]}")
        if recursion:
            return self._recursion_config(call, function)
        return self._invoke(call, function)

    def _recursion_config(self, call: Call, function: LambdaFunction) -> Response:
        if call.method == "PUT":
            self._recursion[function.function_arn] = str(call.json()["RecursiveLoop"])
        body = {"RecursiveLoop": self._recursion.get(function.function_arn, "Terminate")}
        return Response(json.dumps(body), content_type="application/json")

    def _invoke(self, call: Call, function: LambdaFunction) -> Response:
        kind = call.headers.get("x-amz-invocation-type", "RequestResponse")
        payload = call.body or b"{}"
        if kind == "DryRun":
            return Response(status=204)
        if kind == "Event":
            background = {"args": (function.function_arn, payload), "kwargs": {"patience": 60.0}}
            threading.Thread(target=self._functions.invoke, daemon=True, **background).start()  # type: ignore[arg-type]
            return Response(status=202)
        try:
            outcome, request_id = self._functions.invoke(function.function_arn, payload)
        except ThrottledError:
            return _failure(429, "TooManyRequestsException", "Rate Exceeded.")
        response = Response(outcome.payload, content_type="application/json")
        response.headers["X-Amz-Executed-Version"] = "$LATEST"
        response.headers["x-amzn-RequestId"] = request_id
        if outcome.error is not None:
            response.headers["X-Amz-Function-Error"] = outcome.error
        if call.headers.get("x-amz-log-type") == "Tail":
            response.headers["X-Amz-Log-Result"] = base64.b64encode(self._logs.tail(request_id)).decode()
        return response


def _account_settings(account: str, region: str) -> Response:
    """What may run at a time, and what of it no function has reserved."""
    limit = int(os.environ.get(_QUOTA, "1000"))
    reserved = sum(int(each.reserved_concurrency or 0) for each in lambda_backends[account][region].list_functions())
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit - reserved}
    return Response(json.dumps({"AccountLimit": limits}), content_type="application/json")


def _failure(status: int, code: str, message: str) -> Response:
    body = json.dumps({"Type": "User", "Message": message})
    return Response(body, status, {"x-amzn-ErrorType": code}, content_type="application/json")
