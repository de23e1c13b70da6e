"""moto's store of functions and event source mappings, where it differs from AWS."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn


class SandboxFunction(LambdaFunction):
    """Keeps `LoggingConfig`, which moto forgets (Terraform would want to set it again at every plan)."""

    logging_config: dict[str, Any]

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """What GetFunctionConfiguration shows."""
        return super().get_configuration(on_create) | {"LoggingConfig": self.logging_config}

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionConfiguration."""
        self._set_logging(config_updates.get("LoggingConfig", {}))
        return super().update_configuration(config_updates)

    def _set_logging(self, wanted: dict[str, Any]) -> None:
        """Settings that are not named keep their value; the default log group is `/aws/lambda/<name>`."""
        default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        self.logging_config = default | getattr(self, "logging_config", {}) | wanted
        self.logs_group_name = self.logging_config["LogGroup"]


class SandboxLambda(LambdaBackend):
    """Two differences: functions keep their logging settings, and moto's own event source mapping is off.

    moto invokes a function (in Docker) from within SendMessage, one message at a time; here
    `event_sources` polls, as AWS does.
    """

    def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
        """Create a function that keeps its logging settings."""
        created = super().create_function(spec)
        for function in (created, self.get_function(created.function_name)):
            # moto has no way to say which class a function is made of.
            function.__class__ = SandboxFunction  # type: ignore[type-abstract]
            if isinstance(function, SandboxFunction):
                function._set_logging(spec.get("LoggingConfig", {}))
        return created

    def create_event_source_mapping(self, spec: dict[str, Any]) -> EventSourceMapping:
        """Create a mapping that moto's queue does not know of."""
        mapping = super().create_event_source_mapping(spec)
        queue = parse_arn(mapping.event_source_arn)
        if queue.service == "sqs":
            sqs_backends[queue.account][queue.region].queues[queue.resource_id].lambda_event_source_mappings.clear()
        return mapping
