"""The Worker in Python. It has the same activities and Workflows as the one in TypeScript."""

import asyncio
import os
import signal
from datetime import timedelta
from typing import Any, Awaitable, NoReturn

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError
from temporalio.worker import Worker

BUN = "polyglot-bun"

VALUES: dict[str, Any] = {
    "object": {"name": "Ada", "tags": ["a", "b"], "nested": {"ok": True, "none": None}},
    "bytes": bytes([0, 1, 254, 255]),
    "null": None,
    "unicode": "žluťoučký kůň 馬 🐎",
    "integer": 2**53 - 1,
    "float": 1.5e300,
}


def refuse_for_good(what: str) -> NoReturn:
    """Fails with everything that a failure can have."""
    raise ApplicationError(
        f"there is no {what}", {"left": 0}, "více 馬", type="OutOfStock", non_retryable=True
    ) from ValueError("0 of 1")


@activity.defn
async def describe(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


@activity.defn
async def echo(value: Any) -> Any:
    # Not before the second attempt, so that retries are seen to work too.
    if activity.info().attempt == 1:
        raise RuntimeError("try again")
    return value


@activity.defn
async def refuse(what: str) -> None:
    refuse_for_good(what)


@workflow.defn(name="echoing")
class Echoing:
    @workflow.run
    async def run(self, value: Any) -> Any:
        return value


@workflow.defn(name="refusing")
class Refusing:
    @workflow.run
    async def run(self, what: str) -> None:
        refuse_for_good(what)


@workflow.defn(name="pythonCallsBun")
class PythonCallsBun:
    """Calls activities and children in TypeScript."""

    @workflow.run
    async def run(self) -> dict[str, Any]:
        reports = await asyncio.gather(*map(self.report, VALUES.values()))
        return {
            "values": dict(zip(VALUES, reports)),
            "activityFailure": await self.seen(self.call("refuse", "parcel")),
            "childFailure": await self.seen(
                workflow.execute_child_workflow("refusing", "parcel", task_queue=BUN)
            ),
        }

    async def report(self, value: Any) -> dict[str, Any]:
        return {
            "there": await self.call("describe", value),
            "activity": await self.call("echo", value) == value,
            "child": await workflow.execute_child_workflow("echoing", value, task_queue=BUN) == value,
        }

    def call(self, name: str, argument: Any) -> Awaitable[Any]:
        return workflow.execute_activity(
            name,
            argument,
            task_queue=BUN,
            start_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=10)),
        )

    async def seen(self, failing: Awaitable[Any]) -> dict[str, Any]:
        """What failed an activity or a child is the cause of the failure that its caller gets."""
        try:
            await failing
        except (ActivityError, ChildWorkflowError) as error:
            cause = error.cause
            if not isinstance(cause, ApplicationError) or not isinstance(cause.cause, ApplicationError):
                raise
            return {
                "type": cause.type,
                "message": cause.message,
                "nonRetryable": cause.non_retryable,
                "details": list(cause.details),
                "cause": f"{cause.cause.type}: {cause.cause.message}",
            }
        raise ApplicationError("It should have failed", non_retryable=True)


async def main() -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Worker(
        client,
        task_queue="polyglot-python",
        workflows=[PythonCallsBun, Echoing, Refusing],
        activities=[describe, echo, refuse],
    ):
        await stop.wait()


# Its own sandbox imports this file too.
if __name__ == "__main__":
    asyncio.run(main())
    # At once: threads of the SDK that are still ending could abort Python while it ends itself.
    os._exit(0)
