"""AwsTarget: one profile and region of the user's own account."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_sm.jobs import KINDS, Kind, TrainingSpec
from jupyter_sm.jobs.spec import Placement
from jupyter_sm.targets.aws import images
from jupyter_sm.targets.aws.credentials import Credentials, setting_error
from jupyter_sm.targets.aws.pace import Pacer
from jupyter_sm.targets.aws.profiles import AwsName
from jupyter_sm.targets.clients import tell_no_retries
from jupyter_sm.targets.paths import PathError, resolved
from jupyter_sm.targets.protocol import Cadence, Default, Staged, Staging
from jupyter_sm.targets.settings import SettingsError, read_settings

_PARTITION = re.compile(r"arn:(?P<partition>aws[a-z-]*):")
_ROLE = re.compile(r"arn:aws[a-z\-]*:iam::\d{12}:role/.+")
# An endpoint that can't be reached is told soon.
_CONNECT_SECONDS = 4
_READ_SECONDS = 20
# Of calls that are not made again by whoever needs them; each waits that long once more.
_ATTEMPTS = {"s3": 3, "sts": 2, "iam": 2}


class AwsTarget:
    """Jobs on SageMaker. Clients are made as botocore finds credentials, when first needed."""

    kinds = tuple(KINDS)
    stages = True
    reads_all_logs = False
    log_quiet_seconds = 30.0
    fills_in = frozenset({"RoleArn", "OutputDataConfig", "OutputDataConfig.S3OutputPath"})

    def __init__(self, aws: AwsName, data_dir: Path, *, cadence: Cadence | None = None) -> None:
        self.aws = aws
        self.name = str(aws)
        self.cadence = cadence or Cadence()
        self._data_dir = data_dir
        self._pacer = Pacer(aws.region)
        self._lock = threading.RLock()
        self._credentials = Credentials(aws)
        self._clients: dict[str, Any] = {}
        self._stager: Any = None

    def client(self, service: str) -> Any:
        """A boto3 client, paced; `AWS_ENDPOINT_URL_*` and the profile's own settings count."""
        with self._lock:
            if service not in self._clients:
                from botocore.config import Config

                from jupyter_sm.targets.aws import answers

                attempts = _ATTEMPTS.get(service, 1)
                config = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": attempts},
                    max_pool_connections=64 if service == "s3" else 16,
                    user_agent_extra="jupyter_sm",
                )
                client = self._make(service, config)
                answers.watch(client)
                tell_no_retries(client)
                if service in ("sagemaker", "logs"):
                    self._pacer.attach(client)
                self._clients[service] = client
            return self._clients[service]

    def _make(self, service: str, config: Any) -> Any:
        from botocore.exceptions import BotoCoreError

        made = self._credentials.session()
        try:
            return made.client(service, config=config)
        except BotoCoreError:
            raise
        except ValueError as error:
            raise setting_error(error) from None

    def tidy(self) -> Sequence[tuple[str, str, str]]:
        """Nothing: jobs leave nothing on this machine."""
        return ()

    def renew(self) -> None:
        """Look for credentials anew at the next call."""
        with self._lock:
            self._credentials.renew()
            self._clients.clear()
            self._stager = None

    def place(self, spec: TrainingSpec, name: str, source: Path) -> Placement:
        """Local files stay where they are until they are staged; the image is known at once."""
        for what, place in (("output", spec.output), ("checkpoint", spec.checkpoint)):
            if place is not None and not place.startswith("s3://"):
                raise PathError(f"{what} is {place!r}; on {self.name} it must be an s3:// address.")
        notes: tuple[str, ...] = ()
        if spec.image is not None:
            image = images.image_uri(spec.image, self.aws.region, spec.instance)
        else:
            image, why = images.image_for(_text(spec), self.aws.region, spec.instance)
            notes = (why,)
        return Placement(
            source_uri=source.absolute().as_uri(),
            output_uri=spec.output,
            image=image,
            role=spec.role,
            region=self.aws.region,
            input_uris={channel: _uri(place) for channel, place in spec.inputs.items()},
            checkpoint_uri=spec.checkpoint,
            notes=notes,
        )

    def check(self, kind: Kind, request: dict[str, Any]) -> str | None:
        """A role, or an image, that can't be right for this region; settings that can't be read."""
        try:
            read_settings(self._data_dir, self.name)
        except SettingsError as error:
            return str(error)
        role = request.get("RoleArn")
        if role is not None:
            if not _ROLE.fullmatch(str(role)):
                return (
                    f"{role!r} is not the ARN of a role: SageMaker wants "
                    "arn:aws:iam::<account>:role/<name>."
                )
            partition = _PARTITION.match(role)
            if partition and partition["partition"] != self.partition:
                return (
                    f"The role {role.rpartition('/')[2]} belongs to the partition "
                    f"{partition['partition']}, and {self.aws.region} to {self.partition}."
                )
        for place in kind.places(request):
            if place.role == "output" and place.uri(request).startswith("file://"):
                return f"The {place.phrase} must be an s3:// address; it is {place.uri(request)}."
        region = images.region_of(kind.image(request))
        if region and region != self.aws.region:
            return (
                f"The image lies in {region} and the job would run in {self.aws.region}: "
                "SageMaker pulls images from its own region only. Name the image by its short "
                "name, such as pytorch:2.5, or copy it over."
            )
        return None

    def notes(self, kind: Kind, request: dict[str, Any]) -> list[str]:
        """Nothing: SageMaker makes of a request what it says."""
        return []

    def defaults(self, kind: Kind) -> list[Default]:
        """What the SageMaker SDK's defaults set."""
        from jupyter_sm.targets.aws import sdk_defaults

        return sdk_defaults.read().options(kind.sdk_section)

    @property
    def partition(self) -> str:
        """The partition of the region: `aws`, `aws-cn` or `aws-us-gov`."""
        head = self.aws.region.partition("-")[0]
        gov = self.aws.region.startswith("us-gov")
        return "aws-cn" if head == "cn" else "aws-us-gov" if gov else "aws"

    def stage(self, staging: Staging) -> Staged:
        """Upload to S3 what is local, and fill in the role and the output's place."""
        with self._lock:
            if self._stager is None:
                from jupyter_sm.targets.aws.staging import Stager

                self._stager = Stager(self.client, self.aws.region, self.check)
            stager = self._stager
        settings = read_settings(self._data_dir, self.name)
        staged: Staged = stager.stage(staging, settings)
        return staged

    def queue_url(self) -> str | None:
        """The SQS queue that gets SageMaker's events, if the settings name one."""
        return read_settings(self._data_dir, self.name).queue_url

    def change_hint(self) -> object:
        """Unknown: AWS must be asked."""
        return None

    def log_hint(self, kind: str, name: str) -> object:
        """Unknown: AWS must be asked."""
        return None


def _uri(place: str) -> str:
    return place if "://" in place else resolved(place).as_uri()


def _text(spec: TrainingSpec) -> str:
    path = resolved(spec.script)
    if spec.entry_point:
        path = path / spec.entry_point
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # what is wrong with the script is said when it is packed
