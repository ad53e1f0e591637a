"""Credentials: found by botocore, waited for only so long, and whatever is wrong with them told.

A profile may run a program of the user's (credential_process), call other services, or want a code
that somebody types. None of that may hold up the thread that asks.
"""

from __future__ import annotations

import json
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

from jupyter_sm.background import begin
from jupyter_sm.targets.aws import profiles
from jupyter_sm.targets.aws.profiles import AwsName
from jupyter_sm.targets.clients import session
from jupyter_sm.targets.protocol import NotReadyError

# Longer ones are waited for all the same, and have come when they are asked for again.
_SECONDS = 6.0


class Credentials:
    """The session of one profile and region. To be used by one thread at a time."""

    def __init__(self, aws: AwsName) -> None:
        self._aws = aws
        self._session: Any = None
        self._opening: Future[Any] | None = None

    def session(self) -> Any:
        """A boto3 session whose credentials, if there are any, have come.

        Raises NotReadyError, or what botocore raises.
        """
        if self._session is None:
            if self._opening is None:
                name = f"jupyter_sm credentials {self._aws}"
                self._opening = begin(partial(_open, self._aws), name)
            wait([self._opening], _SECONDS)
            if not self._opening.done():
                raise NotReadyError(
                    "credentials-missing",
                    "The credentials do not come",
                    f"The credentials of the AWS profile {self._aws.profile!r} have not come for "
                    f"{_SECONDS:.0f} s.",
                    "See what its credential_process or its role in ~/.aws/config waits for.",
                    passes=True,
                )
            opening, self._opening = self._opening, None
            self._session = opening.result()
        return self._session

    def renew(self) -> None:
        """Look for them anew; those that have not come yet are waited for."""
        self._session = None


def _open(aws: AwsName) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    # Named only where it is not the one that counts anyway: with a profile that is
    # named, botocore looks at no credentials of the environment.
    own = aws.profile == profiles.current()
    try:
        made = session(profile_name=None if own else aws.profile, region_name=aws.region)
        _ask_nobody(made._session, aws.profile)
        found = made.get_credentials()
        if found is not None:
            found.get_frozen_credentials()
    except (BotoCoreError, ClientError):
        raise
    except json.JSONDecodeError:
        raise _missing(aws.profile, "what its credential_process prints is no JSON") from None
    except ValueError as error:
        raise setting_error(error) from None
    except OSError as error:
        file = f": {error.filename}" if error.filename else ""
        raise _missing(aws.profile, f"{error.strerror or error}{file}") from None
    return made


def _ask_nobody(core: Any, profile: str) -> None:
    """A code of MFA would be asked for at the terminal, where nobody may be."""

    def refuse(prompt: str) -> str:
        raise NotReadyError(
            "credentials-missing",
            "A code of MFA is wanted",
            f"The AWS profile {profile!r} wants a code of MFA, which can't be asked for here.",
            "Name a profile that holds a session: aws sso login, or aws sts get-session-token.",
        )

    core.get_component("credential_provider").get_provider("assume-role")._prompter = refuse


def _missing(profile: str, why: str) -> NotReadyError:
    return NotReadyError(
        "credentials-missing",
        "The credentials can't be had",
        f"The credentials of the AWS profile {profile!r} can't be had: {why}.",
        "Correct the profile in ~/.aws/config, or the AWS_… variables.",
    )


def setting_error(error: ValueError) -> NotReadyError:
    """What botocore says of a setting that it reads without a word of its own."""
    return NotReadyError(
        "aws-config",
        "A setting of AWS has no meaning",
        f"A setting in ~/.aws/config or in an AWS_… variable can't be used: {error}.",
        "Correct it, or take it out.",
    )
