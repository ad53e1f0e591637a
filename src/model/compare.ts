import type { IJobKey } from '../api/client';
import type { IMetric } from './series';

/** A job that is looked at beside others: what it was given, and what came of it. */
export interface IComparedJob extends IJobKey {
  parameters: ReadonlyMap<string, string>;
  metrics: readonly IMetric[];
}

/** The metrics of several jobs as one: a curve for each job (and instance, where it has several). */
export function merged(jobs: readonly IComparedJob[]): IMetric[] {
  if (jobs.length === 1) {
    return [...jobs[0].metrics];
  }
  const metrics = new Map<string, IMetric>();
  for (const job of jobs) {
    for (const metric of job.metrics) {
      const { name, group } = metric;
      const all = metrics.get(name) ?? { name, group, series: [] };
      metrics.set(name, all);
      for (const series of metric.series) {
        const stream =
          metric.series.length > 1 ? `${job.name} ${series.stream}` : job.name;
        all.series.push({ ...series, stream });
      }
    }
  }
  return [...metrics.values()];
}

/** The last value of a metric that is a number, of the first instance that has one. */
export function finalValue(metric: IMetric | undefined): number | null {
  for (const series of metric?.series ?? []) {
    for (let index = series.values.length - 1; index >= 0; index--) {
      const value = series.values[index];
      if (value !== null) {
        return value;
      }
    }
  }
  return null;
}

/** Script mode writes a text with quotes around it, as JSON. */
function asWritten(text: string): string {
  try {
    const value = JSON.parse(text);
    return typeof value === 'string' ? value : text;
  } catch {
    return text;
  }
}

/** A request's hyperparameters as the user wrote them; what script mode adds is left out. */
export function parametersOf(request: {
  readonly [member: string]: unknown;
}): Map<string, string> {
  const given = request['HyperParameters'];
  const found = new Map<string, string>();
  if (typeof given !== 'object' || given === null) {
    return found;
  }
  for (const [name, value] of Object.entries(given)) {
    if (!name.startsWith('sagemaker_')) {
      found.set(name, asWritten(String(value)));
    }
  }
  return found;
}

/** A line of the table: what it is, and its value for each job. */
export interface IComparedRow {
  name: string;
  values: (string | null)[];
  differs: boolean;
}

/** One line for each name that any of the jobs has; those that differ first. */
export function compared(
  columns: readonly ReadonlyMap<string, string>[]
): IComparedRow[] {
  const names = [...new Set(columns.flatMap(column => [...column.keys()]))];
  const rows = names.map(name => {
    const values = columns.map(column => column.get(name) ?? null);
    return { name, values, differs: new Set(values).size > 1 };
  });
  return [
    ...rows.filter(row => row.differs),
    ...rows.filter(row => !row.differs)
  ];
}
