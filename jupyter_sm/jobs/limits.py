"""How long a job of a kind may run at most, by the service model or SageMaker's quotas."""

from __future__ import annotations

from jupyter_sm.jobs.kinds import Kind
from jupyter_sm.jobs.kinds.refusals import LONGEST_SECONDS
from jupyter_sm.jobs.service_model import service_model


def longest_runtime(kind: Kind) -> int:
    """The most that MaxRuntimeInSeconds may be; where the model does not say, as for training."""
    model = service_model()
    shapes = model["shapes"]
    asked = shapes[model["operations"][kind.create]["input"]["shape"]]["members"]
    condition = shapes[asked["StoppingCondition"]["shape"]]["members"]
    limit: int = shapes[condition["MaxRuntimeInSeconds"]["shape"]].get("max", LONGEST_SECONDS)
    return limit
