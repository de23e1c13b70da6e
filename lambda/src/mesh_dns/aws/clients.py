"""The way to AWS: clients that are made on first use, kept, and never wait long."""

from __future__ import annotations

import logging
import threading
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from mesh_dns.credentials import Credentials

# botocore makes its clients at run time from AWS's models; there is no type to name.
Client = Any

# Seconds. A try without an answer costs 7 of them, two tries 14 and a short pause. What takes longer is repeated by the
# queue.
CONNECT_TIMEOUT = 2
READ_TIMEOUT = 5
# Tries of a call, the first included.
ATTEMPTS = 2
# These services are asked in scopes.py, which tries again itself: each try waits for its turn, and none starts behind
# the deadline. botocore knows neither.
_TRIED_BY_US = frozenset({"elb", "elbv2", "resourcegroupstaggingapi", "sts"})
# Calls at the same time, over all clients: most of a call is waiting.
THREADS = 24


class AwsClients:
    """Makes and keeps clients. `region` is the function's own: that of every client which names none.

    May be used by several threads: clients may be shared between them, but are made one at a time, as botocore demands.
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[tuple[str, str], Client] = {}
        self._made: Session | None = None
        self._making = threading.Lock()

    def client(self, service: str, region: str | None = None) -> Client:
        """The client of a service, with the function's own role."""
        key = (service, region or self.region)
        with self._making:
            if key not in self._clients:
                session = self._session()
                self._clients[key] = session.create_client(service, region_name=key[1], config=_config(service))
            return self._clients[key]

    def client_with(self, credentials: Credentials, service: str, region: str) -> Client:
        """A new client of a service in a region with these credentials, which the caller keeps."""
        with self._making:
            return self._session().create_client(
                service,
                region_name=region,
                config=_config(service),
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.token,
            )

    def credentials(self) -> Credentials:
        """The function's own credentials, as they are now."""
        frozen = self._session().get_credentials().get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def partition(self, region: str) -> str:
        """The partition that a region belongs to: `aws`, `aws-cn`... Raises botocore's UnknownRegionError."""
        partition: str = self._session().get_partition_for_region(region)
        return partition

    def main_region(self) -> str:
        """The region of our partition that every account has: where its IAM lives, by botocore's partition data."""
        resolver = self._session().get_component("endpoint_resolver")
        try:
            endpoint = resolver.construct_endpoint("iam", partition_name=self.partition(self.region))
        except BotoCoreError:
            return self.region  # the smallest partitions have just one
        return str(endpoint["credentialScope"]["region"])

    def _session(self) -> Session:
        if self._made is None:
            # At DEBUG, botocore logs the bodies of answers and the session token of requests. The function's log level
            # is the user's choice; this is not.
            logging.getLogger("botocore").setLevel(logging.WARNING)
            session = Session()
            # Tokens of the global endpoint do not work in opt-in regions, and older versions of botocore prefer it.
            session.set_config_variable("sts_regional_endpoints", "regional")
            self._made = session
        return self._made


def _config(service: str) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": 1 if service in _TRIED_BY_US else ATTEMPTS},
        max_pool_connections=THREADS,
        user_agent_extra="terraform-aws-cilium-mesh-dns",
    )
