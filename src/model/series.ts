import type { IMetricSeries } from '../api/types';

/** What a curve runs along: steps, epochs, the time of day, or the time since its first point. */
export type Axis = 'step' | 'epoch' | 'time' | 'elapsed';

/** One metric of one stream, in the order of time; a value that is no number is null. */
export interface ISeries {
  stream: string;
  steps: (number | null)[];
  epochs: (number | null)[];
  /** Seconds since 1970. */
  times: number[];
  values: (number | null)[];
}

/** One metric: a series for each stream that printed it. */
export interface IMetric {
  name: string;
  /** `speed` for what tells of the work, else empty. */
  group: string;
  series: ISeries[];
}

/** The series of a job as metrics, in the order in which each was first seen. */
export function metricsOf(all: readonly IMetricSeries[]): IMetric[] {
  const metrics = new Map<string, IMetric>();
  for (const { name, stream, group, steps, epochs, times_ms, values } of all) {
    const times = times_ms.map(time => time / 1000);
    const metric = metrics.get(name) ?? { name, group, series: [] };
    // `algo-1-1700000000`: the instance, and when it began.
    const instance = stream.replace(/-\d{9,}$/, '');
    metric.series.push({ stream: instance, steps, epochs, times, values });
    metrics.set(name, metric);
  }
  return [...metrics.values()];
}

/** The axis that a metric's curves can run along, the wanted one if most points have a place there. */
export function axisOf(metric: IMetric, wanted: Axis): Axis {
  if (wanted !== 'step' && wanted !== 'epoch') {
    return wanted;
  }
  const known = (places: readonly (number | null)[]) =>
    places.filter(x => x !== null);
  const most = (count: (series: ISeries) => number) =>
    metric.series.every(series => 2 * count(series) > series.values.length);
  if (wanted === 'epoch') {
    return most(series => known(series.epochs).length) ? 'epoch' : 'step';
  }
  // Many points of one epoch are better counted than drawn over each other.
  return !most(series => known(series.steps).length) &&
    most(series => new Set(known(series.epochs)).size)
    ? 'epoch'
    : 'step';
}

/** Where a series' points stand on the axis; without steps they are counted. */
export function positions(series: ISeries, axis: Axis): number[] {
  switch (axis) {
    case 'time':
      return series.times;
    case 'elapsed':
      return series.times.map(time => time - series.times[0]);
    case 'step':
      return series.steps.map((step, index) => step ?? index);
    case 'epoch':
      return series.epochs.map((epoch, index) => epoch ?? index);
  }
}

/**
 * Values smoothed as running averages, `weight` in 0..1 being what the past counts; the
 * beginning is corrected, so that it does not start at nought.
 */
export function smoothed(
  values: readonly (number | null)[],
  weight: number
): (number | null)[] {
  if (weight === 0) {
    return [...values];
  }
  let sum = 0;
  let norm = 0;
  return values.map(value => {
    if (value === null) {
      return null;
    }
    sum = weight * sum + (1 - weight) * value;
    norm = weight * norm + (1 - weight);
    return sum / norm;
  });
}

/** A metric as columns for a chart: the positions of all series, then each one's values there. */
export function columns(
  metric: IMetric,
  axis: Axis,
  weight: number
): (number | null)[][] {
  const at = metric.series.map(series => {
    const values = smoothed(series.values, weight);
    const xs = positions(series, axis);
    // A step that was printed twice (after a restart, say) has its last value.
    return new Map(xs.map((x, index) => [x, values[index]]));
  });
  const all = [...new Set(at.flatMap(points => [...points.keys()]))];
  all.sort((a, b) => a - b);
  return [all, ...at.map(points => all.map(x => points.get(x) ?? null))];
}
