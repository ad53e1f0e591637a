import type { IExplanation, IJobView, IMetricSeries } from '../api/types';

/** A running job, with what a test wants otherwise. */
export function job(more: Partial<IJobView> = {}): IJobView {
  return {
    target: 'local',
    kind: 'training',
    name: 'digits',
    parent: '',
    submission_id: 'mine',
    status: 'InProgress',
    secondary_status: 'Training',
    phase: 'open',
    created_at: 100,
    modified_at: 100,
    started_at: null,
    ended_at: null,
    instance_type: 'ml.m5.large',
    instance_count: 1,
    script: 'train.py',
    failure_reason: null,
    explanation: null,
    billable_seconds: null,
    model_uri: null,
    metric: null,
    progress: null,
    stop_requested: false,
    log_lines: 0,
    log_note: null,
    notes: [],
    transitions: [],
    ...more
  };
}

/** An explanation, with what a test wants otherwise. */
export function explanation(more: Partial<IExplanation> = {}): IExplanation {
  return {
    category: '',
    title: '',
    what_happened: 'Something happened.',
    likely_cause: '',
    fixes: [],
    actions: [],
    entities: {},
    docs_url: null,
    raw: '',
    confidence: 0,
    ...more
  };
}

/** A loss as one instance printed it, at each step from 0. */
export function lossOf(...values: number[]): IMetricSeries {
  return {
    name: 'loss',
    stream: 'algo-1-1700000000',
    group: '',
    total: values.length,
    steps: values.map((_, step) => step),
    epochs: values.map(() => null),
    times_ms: values.map(() => 0),
    values
  };
}
