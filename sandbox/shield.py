"""Shield: AWS Load Balancer Controller asks at every reconcile whether the account subscribed. moto does not know."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call


class Shield:
    """An account without Shield Advanced."""

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """`GetSubscriptionState`, none other."""
        if (call.service, call.action) != ("shield", "GetSubscriptionState"):
            return None
        body = json.dumps({"SubscriptionState": "INACTIVE"})
        return Response(body, content_type="application/x-amz-json-1.1")
