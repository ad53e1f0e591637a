"""Offer: what the local target's API says of one kind of job; a kind's module here makes one.

The operations themselves are the same for every kind and stand in `jobs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.targets.local.api.errors import ApiError

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/local"

Request = dict[str, Any]
Answer = dict[str, Any]
State = Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """One kind of job, offered.

    - `noun`: SageMaker's word for it in errors and, with hyphens, in its ARN.
    - `refuse`: raises ApiError for what SageMaker offers and this target does not.
    - `describes`: what Describe's answer has, given request and state, beside the members that
      it shares with Create, name, ARN, status, CreationTime, LastModifiedTime, FailureReason.
    - `lists`: what a row of List has beside name, ARN, status, CreationTime, LastModifiedTime.
    """

    kind: Kind
    noun: str
    refuse: Callable[[Request], None]
    describes: Callable[[Request, State], Answer]
    lists: Callable[[State], Answer]

    @property
    def resource(self) -> str:
        """The kind in an ARN, as `training-job`."""
        return self.noun.replace(" ", "-")

    def arn(self, name: str) -> str:
        """The ARN of a job of this kind."""
        return f"arn:aws:sagemaker:local:{ACCOUNT}:{self.resource}/{name}"


def refuse_far_places(kind: Kind, request: Request) -> None:
    """Raise ApiError for the first address that is no folder of this machine."""
    for place in kind.places(request):
        uri = place.uri(request)
        if not uri.startswith("file:///"):
            raise refusal(
                f"The local target reads and writes folders; {place.what} names {uri or 'nothing'}."
            )


def refusal(message: str) -> ApiError:
    """The error for a request that this target does not take."""
    return ApiError("ValidationException", message)


def told(state: State, members: Mapping[str, str]) -> Answer:
    """Members of an answer that stand in the state under another name, where they do."""
    return {member: state[key] for member, key in members.items() if state.get(key)}
