"""The execution role of a job that names none: from the settings, Studio, or the caller.

Source: SageMaker developer guide, "Use the SageMaker Studio metadata file"; STS GetCallerIdentity.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_sm.targets.protocol import StagingRefusedError

_METADATA = "/opt/ml/metadata/resource-metadata.json"
_SERVICE_ROLE = "AmazonSageMaker-ExecutionRole"


def find_role(
    client: Callable[[str], Any],
    identity: dict[str, Any],
    configured: str | None,
    sdk: tuple[str, str] | None = None,
) -> tuple[str, str]:
    """An execution role's ARN, and in words where it was found.

    `configured` is config.toml's, `sdk` that of the SDK's defaults with their file; `identity` is
    GetCallerIdentity's answer. Raises StagingRefusedError when there is none.
    """
    if configured:
        return configured, "from config.toml"
    if sdk:
        return sdk[0], f"from {sdk[1]}"
    studio = _of_studio(client)
    if studio:
        return studio, "from this notebook's metadata"
    own = _of_caller(client, identity)
    if own:
        return own, "of the session that this notebook runs with"
    raise StagingRefusedError(
        "execution-role",
        "No execution role",
        f"{identity['Arn'].rpartition(':')[2]} is a user, not a role, so SageMaker needs to be "
        "told which role the job runs with.",
        'Name it with role="arn:aws:iam::<account>:role/<name>", or once for all jobs in config.toml.',
    )


def _of_studio(client: Callable[[str], Any]) -> str | None:
    """Studio and notebook instances say on disk what they are, and some with which role."""
    path = Path(os.environ.get("RESOURCE_METADATA_FILE") or _METADATA)
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(metadata, dict):
        return None
    named = metadata.get("ExecutionRoleArn")
    if named:
        return str(named)
    sagemaker = client("sagemaker")
    domain, profile = metadata.get("DomainId"), metadata.get("UserProfileName")
    role: str | None = None
    if domain and profile:
        answer = sagemaker.describe_user_profile(DomainId=domain, UserProfileName=profile)
        role = answer.get("UserSettings", {}).get("ExecutionRole")
    if domain and not role:
        answer = sagemaker.describe_domain(DomainId=domain)
        settings = "DefaultUserSettings" if profile else "DefaultSpaceSettings"
        role = answer.get(settings, {}).get("ExecutionRole")
    elif not domain and metadata.get("ResourceName"):
        answer = sagemaker.describe_notebook_instance(NotebookInstanceName=metadata["ResourceName"])
        role = answer.get("RoleArn")
    return role


def _of_caller(client: Callable[[str], Any], identity: dict[str, Any]) -> str | None:
    """The role behind an assumed-role session; IAM tells its path, if it may be asked."""
    from botocore.exceptions import BotoCoreError, ClientError

    kind, _, rest = identity["Arn"].rpartition(":")[2].partition("/")
    if kind != "assumed-role":
        return None
    name = rest.partition("/")[0]
    try:
        return str(client("iam").get_role(RoleName=name)["Role"]["Arn"])
    except (ClientError, BotoCoreError):
        # Not allowed to ask: SageMaker's own roles are known to lie below service-role/.
        partition = identity["Arn"].split(":")[1]
        path = "service-role/" if name.startswith(_SERVICE_ROLE) else ""
        return f"arn:{partition}:iam::{identity['Account']}:role/{path}{name}"
