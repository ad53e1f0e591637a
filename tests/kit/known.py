"""Jobs that a store knows of a target that nobody can ask."""

from __future__ import annotations

import time
from typing import Any

from jupyter_sm.jobs import JobKey
from jupyter_sm.jobs.kinds.seen import Seen
from jupyter_sm.store import Store, targets
from jupyter_sm.store import jobs as jobs_table
from jupyter_sm.store.jobs import Described


def training_request(name: str) -> dict[str, Any]:
    """A whole request of a training job, all of which lies on S3."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1",
            "TrainingInputMode": "File",
        },
        "RoleArn": "arn:aws:iam::123456789012:role/R",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def add_job(store: Store, key: JobKey) -> None:
    """A job that ran when it was last seen."""
    targets.use(store, key.target)
    now = time.time()
    span = {"status": "Training", "start": now, "end": None, "message": ""}
    seen = Seen("InProgress", "Training", "open", now, now, transitions=[span])
    jobs_table.save_described(store, key, Described(seen, training_request(key.name), None))
