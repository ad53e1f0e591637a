"""The kinds of job, as rows of a table: what SageMaker calls each thing for each kind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of job in SageMaker's own terms.

    `create`, `describe`, `list` and `stop` are operation names of the service model,
    `name_field`, `arn_field` and `status_field` members of their shapes, `summaries`
    the list member of a List answer.
    """

    kind: str
    create: str
    describe: str
    list: str
    stop: str
    name_field: str
    arn_field: str
    status_field: str
    summaries: str
    log_group: str
    name_limit: int


KINDS = {
    row.kind: row
    for row in (
        Kind(
            kind="training",
            create="CreateTrainingJob",
            describe="DescribeTrainingJob",
            list="ListTrainingJobs",
            stop="StopTrainingJob",
            name_field="TrainingJobName",
            arn_field="TrainingJobArn",
            status_field="TrainingJobStatus",
            summaries="TrainingJobSummaries",
            log_group="/aws/sagemaker/TrainingJobs",
            name_limit=63,
        ),
    )
}


def kind_of(name: str) -> Kind:
    """The table's row for a kind. Raises ValueError with the known kinds otherwise."""
    try:
        return KINDS[name]
    except KeyError:
        raise ValueError(
            f"Unknown kind of job {name!r}. Known kinds: {', '.join(sorted(KINDS))}."
        ) from None
