"""A small Vault over real HTTP, as its documented API answers: for AWS login, which OpenBao has not, and odd answers.

A login is verified as Vault and AWS do together: the signed request must be GetCallerIdentity for AWS's STS, carry the
server id if one is demanded, and bear a signature that botocore computes alike from the secret key on file.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ROLE, LOGIN_TOKEN = "mesh-dns", "hvs.l0gin"
SERVER_ID_HEADER = "X-Vault-AWS-IAM-Server-ID"


class Refusal(Exception):
    """An answer with errors in it."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status)
        self.status = status
        self.errors = list(errors)


@dataclass
class Vault:
    """What this Vault holds and demands. `keys`: AWS access key id => secret key and session token."""

    secrets: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    keys: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    auth_mount: str = "aws"
    server_id: str | None = None
    namespace: str | None = None
    sealed: bool = False
    answer_instead: tuple[int, str, str] | None = None
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        """The answer to a request. Raises Refusal."""
        self.requests.append(f"{method} {path}")
        if self.sealed:
            raise Refusal(503, "Vault is sealed")
        if headers.get("X-Vault-Request") != "true":
            raise Refusal(412, "missing required 'X-Vault-Request' header")
        if headers.get("X-Vault-Namespace") != self.namespace:
            raise Refusal(404)
        if (method, path) == ("POST", f"/v1/auth/{self.auth_mount}/login"):
            if "X-Vault-Token" in headers:
                raise Refusal(400, "a login needs no token")
            return self._login(json.loads(body))
        if headers.get("X-Vault-Token") not in self.tokens:
            raise Refusal(403, "permission denied")
        if method != "GET" or path not in self.secrets:
            raise Refusal(404)
        return self.secrets[path]

    def _login(self, request: Mapping[str, str]) -> Mapping[str, Any]:
        decoded = {key: base64.b64decode(value).decode() for key, value in request.items() if key.startswith("iam_r")}
        method = request["iam_http_request_method"]
        url, body = decoded["iam_request_url"], decoded["iam_request_body"]
        headers = {name: ",".join(values) for name, values in json.loads(decoded["iam_request_headers"]).items()}
        if (method, url, body) != ("POST", "https://sts.amazonaws.com/", "Action=GetCallerIdentity&Version=2011-06-15"):
            raise Refusal(400, "the signed request is not GetCallerIdentity")
        signed = headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
        if self.server_id is not None:
            if headers.get(SERVER_ID_HEADER) != self.server_id:
                raise Refusal(400, f"error validating {SERVER_ID_HEADER} header: expected another value")
            if SERVER_ID_HEADER.lower() not in signed:
                raise Refusal(400, "header wasn't signed")
        if not self._signature_fits(url, body, headers, signed):
            raise Refusal(400, "error making upstream request: received error code 403 from STS: SignatureDoesNotMatch")
        if request["role"] != ROLE:
            raise Refusal(400, f"entry for role {request['role']} not found")
        self.tokens.add(LOGIN_TOKEN)
        return {"auth": {"client_token": LOGIN_TOKEN, "lease_duration": 3600, "renewable": True}}

    def _signature_fits(self, url: str, body: str, headers: Mapping[str, str], signed: list[str]) -> bool:
        access_key, day, region, service, _ = (
            headers["Authorization"].partition("Credential=")[2].split(",")[0].split("/")
        )
        if access_key not in self.keys or (region, service) != ("us-east-1", "sts"):
            return False
        secret_key, token = self.keys[access_key]
        if headers.get("X-Amz-Security-Token") != token or not headers["X-Amz-Date"].startswith(day):
            return False
        shown = {name: value for name, value in headers.items() if name.lower() in signed}
        request = AWSRequest("POST", url, headers=shown, data=body)
        request.context["timestamp"] = headers["X-Amz-Date"]
        auth = SigV4Auth(Credentials(access_key, secret_key), service, region)
        to_sign = auth.string_to_sign(request, auth.canonical_request(request))
        return headers["Authorization"].endswith(f"Signature={auth.signature(to_sign, request)}")


@contextmanager
def serving(vault: Vault) -> Iterator[Vault]:
    """Serve on a loopback port. Sets `vault.url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, text = 200, "application/json", ""
            if vault.answer_instead is not None:
                status, kind, text = vault.answer_instead
            else:
                try:
                    text = json.dumps(vault.answer(self.command, self.path, dict(self.headers), body))
                except Refusal as refusal:
                    status, text = refusal.status, json.dumps({"errors": refusal.errors})
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if status == 307:
                self.send_header("Location", "https://elsewhere.example/v1/")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    vault.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield vault
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
