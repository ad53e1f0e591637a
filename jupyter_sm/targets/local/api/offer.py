"""Offer: what the local target's API says of one kind of job; a kind's module here makes one.

The operations themselves are the same for every kind and stand in `jobs.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_sm.jobs.answers import INVALID, OVER_LIMIT, limit_exceeded
from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.targets.local.api.errors import ApiError
from jupyter_sm.targets.local.api.members import Members, note, refused

# Hosts of one job. Each is a process with its own copy of the inputs.
MOST_HOSTS = 64
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/local"

Request = dict[str, Any]
Answer = dict[str, Any]
State = Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """One kind of job, offered.

    - `noun`: SageMaker's word for it in errors and, with hyphens, in its ARN.
    - `members`: what becomes of each member of its Create request.
    - `refuse`: raises ApiError for what SageMaker offers and this target does not, beyond members
      and addresses.
    - `describes`: what Describe's answer has, given request and state, beside the members that
      it shares with Create, name, ARN, status, CreationTime, LastModifiedTime, FailureReason.
    - `lists`: what a row of List has beside name, ARN, status, CreationTime, LastModifiedTime.
    """

    kind: Kind
    noun: str
    members: Members
    refuse: Callable[[Request], None]
    describes: Callable[[Request, State], Answer]
    lists: Callable[[State], Answer]

    def check(self, request: Request) -> None:
        """Raise ApiError for the first thing that SageMaker offers and this target does not."""
        for sentence in refused(request, self.members):
            raise refusal(sentence)
        self._refuse_many_hosts(request)
        self.refuse(request)
        self._refuse_far_places(request)

    def notes(self, request: Request) -> list[str]:
        """What a user should know of a request that is taken, in sentences."""
        said = note(request, self.members)
        return [said] if said else []

    def _refuse_many_hosts(self, request: Request) -> None:
        machines = self.kind.machines(request)
        wanted = machines.get("InstanceCount", 1)
        if wanted > MOST_HOSTS:
            usage = f"{machines.get('InstanceType')} for {self.noun} usage"
            limit = limit_exceeded(usage, MOST_HOSTS, wanted, "Instances")
            why = "The instances of a job on the local target are processes of this machine."
            raise ApiError(OVER_LIMIT, f"{limit} {why}")

    def _refuse_far_places(self, request: Request) -> None:
        """Every address must be a folder of this machine."""
        for place in self.kind.places(request):
            uri = place.uri(request)
            if not uri.startswith("file:///"):
                raise refusal(
                    f"The local target reads and writes folders; {place.what} names "
                    f"{uri or 'nothing'}."
                )

    @property
    def resource(self) -> str:
        """The kind in an ARN, as `training-job`."""
        return self.noun.replace(" ", "-")

    def arn(self, name: str) -> str:
        """The ARN of a job of this kind."""
        return f"arn:aws:sagemaker:local:{ACCOUNT}:{self.resource}/{name}"


def refusal(message: str) -> ApiError:
    """The error for a request that this target does not take."""
    return ApiError(INVALID, message)


def told(state: State, members: Mapping[str, str]) -> Answer:
    """Members of an answer that stand in the state under another name, where they do."""
    return {member: state[key] for member, key in members.items() if state.get(key)}
