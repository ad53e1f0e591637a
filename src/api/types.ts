// Made by scripts/generate_types.py from the Python models; not to be edited.

/** A span of a job's life in one secondary status; `end` is None while it lasts. */
export interface ITransition {
  status: string;
  start: number;
  end: number | null;
  message: string;
}

/** The metric a row shows: its last value, and up to 40 recent ones for a sparkline. */
export interface IMainMetric {
  name: string;
  value: number;
  recent: number[];
}

/** `current` of `total` `unit`s; `percent` in 0..100. */
export interface IJobProgress {
  current: number;
  total: number | null;
  unit: string;
  percent: number | null;
  ends_at: number | null;
}

/** A job as a list shows it. `status` and `secondary_status` are SageMaker's own words. */
export interface IJobView {
  target: string;
  kind: string;
  name: string;
  parent: string;
  submission_id: string | null;
  status: string;
  secondary_status: string;
  phase: string;
  created_at: number;
  modified_at: number;
  started_at: number | null;
  ended_at: number | null;
  instance_type: string;
  instance_count: number;
  script: string;
  failure_reason: string | null;
  explanation: IExplanation | null;
  billable_seconds: number | null;
  model_uri: string | null;
  metric: IMainMetric | null;
  progress: IJobProgress | null;
  stop_requested: boolean;
  log_lines: number;
  log_note: string | null;
  notes: string[];
  transitions: ITransition[];
}

/** One log entry; `seq` counts from 0 within the job. `cut`: characters left out of a long text. */
export interface ILogRecord {
  seq: number;
  timestamp_ms: number;
  stream: string;
  severity: string;
  source: string;
  text: string;
  cut: number;
}

/** A page of a job's log. `next` is where the following page begins; `total` all entries. */
export interface ILogPage {
  records: ILogRecord[];
  next: number;
  total: number;
}

/** A row of a log as a viewer shows it: one entry, or a folded run of `count` that fit. */
export interface ILogRow {
  row: number;
  first: number;
  count: number;
  record: ILogRecord;
}

/** Rows of a job's log from row `start` on, of `total` rows; `entries` in the whole log. */
export interface ILogRows {
  rows: ILogRow[];
  start: number;
  total: number;
  entries: number;
}

/** Where a search found something: `total` entries; row and number of the first ones. */
export interface ILogHits {
  total: number;
  rows: number[];
  seqs: number[];
  marks: number[][];
}

/** One metric of one instance (`stream`), as columns in the order of time. */
export interface IMetricSeries {
  name: string;
  stream: string;
  group: string;
  total: number;
  steps: (number | null)[];
  epochs: (number | null)[];
  times_ms: number[];
  values: (number | null)[];
}

/** A target and how it is: `ready`, `stale` or `waiting` (with the reason), `untracked`, `unused`. */
export interface ITargetView {
  name: string;
  health: string;
  reason: string | null;
  as_of: number | null;
}

/** Something changed: `topic` is `job`, `log` or `target`; what it is now, REST says. */
export interface IChange {
  seq: number;
  topic: string;
  target: string;
  kind: string;
  name: string;
}

/** Changes since a number. `reset`: some are no longer known, so fetch everything. */
export interface IChangePage {
  changes: IChange[];
  last: number;
  reset: boolean;
}

/** What an error means. */
export interface IExplanation {
  category: string;
  title: string;
  what_happened: string;
  likely_cause: string;
  fixes: string[];
  actions: { [key: string]: unknown }[];
  entities: { [key: string]: string };
  docs_url: string | null;
  raw: string;
  confidence: number;
}

/** What to train, in one line's worth of words. */
export interface ITrainingSpec {
  /** a Python file, or a folder that holds the entry point */
  script: string;
  /** the script's name in its folder */
  entry_point?: string | null;
  /** files and folders that are packed beside the script, each under its own name */
  dependencies?: string[];
  /** channels and their data: local paths or s3:// addresses */
  inputs?: { [key: string]: string };
  /** what the script gets as --NAME VALUE */
  hyperparameters?: { [key: string]: unknown };
  /** SageMaker's instance type */
  instance?: string;
  /** how many instances */
  instance_count?: number;
  /** a short name such as pytorch:2.5, or a registry address (on the local target: a Python interpreter); without it the target goes by what the script imports */
  image?: string | null;
  /** the execution role; without it the target finds one */
  role?: string | null;
  /** where the model goes; without it where the target says */
  output?: string | null;
  /** how long it may train, in seconds */
  max_runtime?: number;
  /** train on spot instances */
  spot?: boolean;
  /** with spot: how long waiting and training may take together, in seconds */
  max_wait?: number | null;
  /** the storage of each instance, in GB */
  volume_gb?: number;
  /** the job's tags in SageMaker */
  tags?: { [key: string]: string };
  /** variables of the script's environment */
  environment?: { [key: string]: string };
  /** a local path or an s3:// address that is kept in step with /opt/ml/checkpoints */
  checkpoint?: string | null;
  /** metrics, and the regular expressions that find them in the log */
  metrics?: { [key: string]: string };
  /** File copies inputs before training, FastFile reads them as needed */
  input_mode?: string;
  /** how several processes train together: torchrun or mpi; without it each instance runs the script by itself */
  distribution?: string | null;
  /** the subnets of its VPC, with security_group_ids */
  subnets?: string[];
  /** the security groups of its VPC */
  security_group_ids?: string[];
  /** the KMS key that encrypts the instances' storage */
  volume_kms_key?: string | null;
  /** the KMS key that encrypts the model */
  output_kms_key?: string | null;
  /** the bucket for sources, inputs and, without output, the model; without it the target finds one */
  bucket?: string | null;
  /** let SageMaker's default bucket be created for the job's files */
  create_bucket?: boolean;
  /** take along what links in source and inputs lead to outside of them */
  follow_links?: boolean;
}

export interface ITargetList {
  targets: ITargetView[];
}

export interface IJobList {
  jobs: IJobView[];
  total: number;
  seq: number;
}

export interface IJobRequest {
  request: { [key: string]: unknown };
}

export interface IMetricList {
  series: IMetricSeries[];
  total: number;
}

export interface ISourcePath {
  path: string;
}

export interface IAccepted {
  name: string;
}

export interface IApiError {
  message: string;
  explanation: IExplanation;
}

/** Method and address of each operation of the API. */
export const OPERATIONS = {
  listTargets: { method: 'GET', path: 'targets' },
  useTarget: { method: 'POST', path: 'targets/{target}/use' },
  removeTarget: { method: 'POST', path: 'targets/{target}/remove' },
  listJobs: { method: 'GET', path: 'jobs' },
  submitJob: { method: 'POST', path: 'jobs' },
  getJob: { method: 'GET', path: 'jobs/{target}/{kind}/{name}' },
  getRequest: { method: 'GET', path: 'jobs/{target}/{kind}/{name}/request' },
  getLog: { method: 'GET', path: 'jobs/{target}/{kind}/{name}/logs' },
  getLogRows: { method: 'GET', path: 'jobs/{target}/{kind}/{name}/logs/rows' },
  getLogHits: { method: 'GET', path: 'jobs/{target}/{kind}/{name}/logs/hits' },
  downloadLog: { method: 'GET', path: 'jobs/{target}/{kind}/{name}/log' },
  getMetrics: { method: 'GET', path: 'jobs/{target}/{kind}/{name}/metrics' },
  getSource: { method: 'GET', path: 'jobs/{target}/{kind}/{name}/source' },
  stopJob: { method: 'POST', path: 'jobs/{target}/{kind}/{name}/stop' },
  runAgain: { method: 'POST', path: 'jobs/{target}/{kind}/{name}/again' },
  getChanges: { method: 'GET', path: 'changes' },
  getOpenApi: { method: 'GET', path: 'openapi.json' }
} as const;

/** What each operation answers. */
export interface IAnswers {
  listTargets: ITargetList;
  useTarget: IAccepted;
  removeTarget: IAccepted;
  listJobs: IJobList;
  submitJob: IJobView;
  getJob: IJobView;
  getRequest: IJobRequest;
  getLog: ILogPage;
  getLogRows: ILogRows;
  getLogHits: ILogHits;
  downloadLog: unknown;
  getMetrics: IMetricList;
  getSource: ISourcePath;
  stopJob: IAccepted;
  runAgain: IJobView;
  getChanges: IChangePage;
  getOpenApi: unknown;
}
