"""CloudWatch."""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

ALARM = "AWS::CloudWatch::Alarm"


def mend() -> None:
    """Apply the mends of this file."""
    accept_metric_math()


def accept_metric_math() -> None:
    """Accept an alarm on an expression over several metrics, and do nothing with it.

    AWS evaluates it. ministack rolls the stack back. What such an alarm reads is asserted on the
    template instead.
    """
    handler = provisioners._RESOURCE_HANDLERS[ALARM]
    create: Callable[..., Any] = handler["create"]
    update: Callable[..., Any] = handler["update"]
    delete: Callable[..., Any] = handler["delete"]

    def create_or_accept(logical_id: str, properties: Any, stack: str) -> Any:
        if properties.get("Metrics"):
            return _accepted(properties.get("AlarmName") or f"{stack}-{logical_id}")
        return create(logical_id, properties, stack)

    def update_or_accept(physical_id: str, old: Any, new: Any, *rest: Any, **named: Any) -> Any:
        if new.get("Metrics"):
            if not old.get("Metrics"):
                delete(physical_id, old)
            return _accepted(new.get("AlarmName") or physical_id)
        return update(physical_id, old, new, *rest, **named)

    def delete_or_forget(physical_id: str, properties: Any) -> None:
        if not properties.get("Metrics"):
            delete(physical_id, properties)

    handler["create"] = create_or_accept
    handler["update"] = update_or_accept
    handler["delete"] = delete_or_forget


def _accepted(name: str) -> tuple[str, dict[str, str]]:
    return name, {"Arn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"}
