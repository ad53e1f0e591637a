"""Events instead of polling: SageMaker's state changes, from an SQS queue the settings name.

EventBridge puts them there (docs/aws.md gives the rule). An event only says which job
changed; Describe says how. Kinds of which events come in are listed rarely.
Source: EventBridge events of SageMaker ("SageMaker Training Job State Change").
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from jupyter_sm.jobs import KINDS, JobKey, check_name
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.targets import Target
from jupyter_sm.tracking.poller import Poller
from jupyter_sm.tracking.trouble import Once, told

_LONG_POLL_SECONDS = 15
_RETRY_SECONDS = 60.0
# A queue that the settings do not name yet is looked for this often.
_LOOK_SECONDS = 30.0
_MOST_MESSAGES = 10

_log = logger_of(__name__)


class Listener:
    """Waits for events on one target's queue and tells its poller."""

    def __init__(self, target: Target, poller: Poller) -> None:
        self._target = target
        self._poller = poller
        self._trouble = Once(_log)

    def run(self, stopped: threading.Event, may_listen: Callable[[], bool]) -> None:
        """Listen until `stopped`, while `may_listen`; a queue that fails is tried again."""
        while not stopped.is_set():
            wait = 1.0
            try:
                url = self._target.queue_url() if may_listen() else None
                if url:
                    self.receive(url)
                    self._trouble.over()
                    wait = 0.0
                elif may_listen():
                    self._poller.no_events()
                    wait = _LOOK_SECONDS
            except Exception as error:  # noqa: BLE001 - without events, polling does it all
                name = self._target.name
                self._trouble.warn(f"Events of {name} can't be received: {told(error, name)}")
                self._poller.no_events()
                wait = _RETRY_SECONDS
            stopped.wait(wait)

    def receive(self, url: str) -> None:
        """Wait for events once, and have the jobs they tell of described."""
        sqs = self._target.client("sqs")
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_MOST_MESSAGES, WaitTimeSeconds=_LONG_POLL_SECONDS
        )
        messages = answer.get("Messages", [])
        for message in messages:
            for kind, name in told_by(message.get("Body", "")):
                self._poller.told_of(JobKey(self._target.name, kind, name))
        if messages:
            entries = [
                {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                for n, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def told_by(body: str) -> list[tuple[str, str]]:
    """Kind and name of the jobs that an event tells of; none for anything else."""
    try:
        event: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict):
        return []
    return [
        (kind.kind, detail[kind.name_field])
        for kind in KINDS.values()
        if isinstance(detail.get(kind.name_field), str)
        and check_name(detail[kind.name_field], limit=kind.name_limit) is None
    ]
