"""Outbound web identity, which moto lacks: STS signs tokens that anybody can verify, and the issuer shows its keys.

An account has to switch it on once, and then has an issuer URL of its own; here all of them are on one loopback port.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call

_DEFAULT_SECONDS = 300


class WebIdentity:
    """Answers sts:GetWebIdentityToken, and the calls of IAM that switch it on and tell the issuer.

    The issuers' documents are served over plain HTTP from `start` to `stop`.
    """

    def __init__(self) -> None:
        self._accounts: set[str] = set()
        self._server: ThreadingHTTPServer
        self._thread: threading.Thread

    def start(self) -> None:
        """Serve the documents from a thread."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _documents(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="issuer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def issuer(self, account: str) -> str:
        """An account's issuer URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{account}"

    @cached_property
    def _keys(self) -> Mapping[str, RSAKey | ECKey]:
        """Signing algorithm => key; those that AWS has."""
        return {
            "RS256": RSAKey.generate_key(2048, {"kid": "RSA_0", "use": "sig", "alg": "RS256"}),
            "ES384": ECKey.generate_key("P-384", {"kid": "EC384_0", "use": "sig", "alg": "ES384"}),
        }

    def token(self, account: str, subject: str, audience: str, *, algorithm: str = "RS256", seconds: int = 60) -> str:
        """A signed token, as GetWebIdentityToken answers it. `subject`: the ARN of a role."""
        now, key = int(time.time()), self._keys[algorithm]
        claims = {
            "iss": self.issuer(account),
            "aud": audience,
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
            "jti": str(uuid.uuid4()),
            "https://sts.amazonaws.com/": {"aws_account": account},
        }
        return jwt.encode({"alg": algorithm, "kid": key.kid, "typ": "JWT"}, claims, key, algorithms=[algorithm])

    def document(self, path: str) -> Mapping[str, Any] | None:
        """What an issuer shows at a path, or None."""
        account, _, name = path.strip("/").partition("/")
        issuer = self.issuer(account)
        if name == ".well-known/jwks.json":
            return {"keys": [key.as_dict(private=False) for key in self._keys.values()]}
        if name == ".well-known/openid-configuration":
            return {
                "issuer": issuer,
                "jwks_uri": f"{issuer}/.well-known/jwks.json",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": list(self._keys),
            }
        return None

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """The response, or None when the call is none of its business."""
        match call.service, call.action:
            case "iam", "EnableOutboundWebIdentityFederation":
                self._accounts.add(caller.account)
                return _answer(call.action, {"IssuerIdentifier": self.issuer(caller.account)})
            case "iam", "GetOutboundWebIdentityFederationInfo":
                enabled = caller.account in self._accounts
                if not enabled:
                    return _error("FeatureDisabled", "Outbound web identity federation is disabled.", 404)
                shown = {"IssuerIdentifier": self.issuer(caller.account), "JwtVendingEnabled": "true"}
                return _answer(call.action, shown)
            case "sts", "GetWebIdentityToken":
                return self._mint(call, caller)
        return None

    def _mint(self, call: Call, caller: Caller) -> Response:
        if caller.account not in self._accounts:
            text = "The outbound web identity federation feature is not enabled for this account."
            return _error("OutboundWebIdentityFederationDisabledException", text, 403)
        form = call.form()
        seconds = int(form.get("DurationSeconds", _DEFAULT_SECONDS))
        token = self.token(
            caller.account,
            caller.role_arn or caller.arn,
            form["Audience.member.1"],
            algorithm=form["SigningAlgorithm"],
            seconds=seconds,
        )
        expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        return _answer(call.action, {"WebIdentityToken": token, "Expiration": expiration})


def _documents(issuer: WebIdentity) -> type[BaseHTTPRequestHandler]:
    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = issuer.document(self.path)
            body = json.dumps(document).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Documents


def _answer(action: str, members: Mapping[str, str]) -> Response:
    body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    metadata = "<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata>"
    text = f"<{action}Response><{action}Result>{body}</{action}Result>{metadata}</{action}Response>"
    return Response(text, content_type="text/xml")


def _error(code: str, message: str, status: int) -> Response:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(f"<ErrorResponse>{error}</ErrorResponse>", status=status, content_type="text/xml")
