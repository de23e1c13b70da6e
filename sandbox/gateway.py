"""The one loopback port for all of AWS: moto's server application with the sandbox in front of it.

Every request of every client passes here, so this is where calls are recorded, where the few calls that
moto does not serve as AWS does are answered, and where CloudTrail sees what happened.
"""

from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, unquote, urlencode

from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from sandbox.caller import Caller, acting_as, identify

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

# moto pages by 50 where AWS has another default: (service, action) -> (parameter, AWS's default).
_PAGE_SIZES = {
    ("elasticloadbalancing", "DescribeLoadBalancers"): ("PageSize", 400),
    ("tagging", "GetResources"): ("ResourcesPerPage", 100),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One signed API call. `service` is the signing name, `action` the API's operation name."""

    service: str
    region: str
    action: str
    access_key: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """The parameters of a call in the query protocol."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    def json(self) -> dict[str, object]:
        """The parameters of a call in a JSON protocol."""
        document = json.loads(self.body or b"{}")
        return document if isinstance(document, dict) else {}


class Service(Protocol):
    """Something that answers calls which moto does not serve, or not as AWS does."""

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """The response, or None when the call is none of its business."""


class Witness(Protocol):
    """Something that wants to know what was called and what came of it."""

    def before(self, call: Call, caller: Caller) -> None:
        """A call arrived."""

    def after(self, call: Call, caller: Caller, response: Response) -> None:
        """It was answered."""


class Gateway:
    """The WSGI application and the server thread around it."""

    def __init__(self, services: Iterable[Service], witnesses: Iterable[Witness]) -> None:
        self._moto = _moto()
        self._services = tuple(services)
        self._witnesses = tuple(witnesses)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_QuietRequestHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="gateway", daemon=True)

    @property
    def endpoint(self) -> str:
        """The endpoint URL of every AWS service."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request."""
        call = _read_call(environ)
        if call is None:
            return self._moto(environ, start_response)  # type: ignore[no-any-return]
        caller = identify(call.access_key, call.region)
        with acting_as(caller, call.service):
            for witness in self._witnesses:
                witness.before(call, caller)
            response = self._respond(call, caller, environ)
            for witness in self._witnesses:
                witness.after(call, caller, response)
        return response(environ, start_response)

    def _respond(self, call: Call, caller: Caller, environ: WSGIEnvironment) -> Response:
        for service in self._services:
            answer = service.answer(call, caller)
            if answer is not None:
                return answer
        body = _with_aws_page_size(call)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
        return Response(b"".join(chunks), status=status, headers=headers)


@cache
def _moto() -> DomainDispatcherApplication:
    """moto's application, for all sandboxes of a process: it takes time to learn which URLs there are."""
    return DomainDispatcherApplication(create_backend_app)


class _QuietRequestHandler(MotoRequestHandler):
    """moto's request handler without a line on the terminal for every request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _read_call(environ: WSGIEnvironment) -> Call | None:
    """The signed call in a request; None for anything else (moto's own pages, a presigned or chunked upload)."""
    signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if signed is None or "HTTP_TRANSFER_ENCODING" in environ:
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    service = signed["service"].lower()
    return Call(
        service=service,
        region=signed["region"],
        action=_action(service, environ, body),
        access_key=signed["key"],
        method=environ["REQUEST_METHOD"],
        path=unquote(environ.get("PATH_INFO", "")),
        headers={k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")},
        body=body,
    )


def _action(service: str, environ: WSGIEnvironment, body: bytes) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rsplit(".", 1)[-1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode()).get("Action", [""])[0]
    rpc = re.search(r"/service/\w+/operation/(\w+)$", environ.get("PATH_INFO", ""))
    if rpc:
        return rpc[1]
    try:
        operation, _ = get_service_router(service).match(Request(environ.copy()))
    except Exception as unknown:  # some services are signed for under a name that no model has
        _log.debug("no operation for %s %s: %r", service, environ.get("PATH_INFO"), unknown)
        return ""
    return str(operation.name)


def _with_aws_page_size(call: Call) -> bytes:
    parameter, size = _PAGE_SIZES.get((call.service, call.action), ("", 0))
    if not parameter:
        return call.body
    if call.service == "tagging":
        return json.dumps({parameter: size} | call.json()).encode()
    return urlencode({parameter: size} | call.form()).encode()
