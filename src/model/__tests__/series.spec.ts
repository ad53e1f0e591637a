import type { IMetricSeries } from '../../api/types';
import { columns, metricsOf, positions, smoothed } from '../series';

function series(
  name: string,
  steps: (number | null)[],
  values: (number | null)[],
  more: Partial<IMetricSeries> = {}
): IMetricSeries {
  const times_ms = values.map(() => 0);
  const total = values.length;
  return { name, stream: 'algo-1', total, steps, times_ms, values, ...more };
}

describe('metricsOf', () => {
  it('groups series by name, as they were first seen', () => {
    const metrics = metricsOf([
      series('loss', [1, 2], [3, 2]),
      series('accuracy', [1], [0.5]),
      series('loss', [1], [9], { stream: 'algo-2', times_ms: [1500] })
    ]);
    expect(metrics.map(metric => metric.name)).toEqual(['loss', 'accuracy']);
    expect(metrics[0].series).toEqual([
      { stream: 'algo-1', steps: [1, 2], times: [0, 0], values: [3, 2] },
      { stream: 'algo-2', steps: [1], times: [1.5], values: [9] }
    ]);
  });

  it('is empty without series', () => {
    expect(metricsOf([])).toEqual([]);
  });
});

describe('positions', () => {
  const [metric] = metricsOf([
    series('loss', [null, null], [3, 2], { times_ms: [1000, 3000] })
  ]);

  it('counts points that have no step', () => {
    expect(positions(metric.series[0], 'step')).toEqual([0, 1]);
  });

  it('are seconds on the axis of time', () => {
    expect(positions(metric.series[0], 'time')).toEqual([1, 3]);
  });
});

describe('smoothed', () => {
  it('leaves values as they are without weight', () => {
    expect(smoothed([1, null, 3], 0)).toEqual([1, null, 3]);
  });

  it('begins at the first value and keeps gaps', () => {
    const [first, gap, last] = smoothed([4, null, 8], 0.5);
    expect(first).toBe(4);
    expect(gap).toBeNull();
    expect(last).toBeCloseTo((0.5 * 2 + 0.5 * 8) / 0.75);
  });
});

describe('columns', () => {
  it('puts several streams on one axis, with gaps where one has no value', () => {
    const [metric] = metricsOf([
      series('loss', [1, 3], [3, 1]),
      series('loss', [2, 3], [9, 7], { stream: 'algo-2' })
    ]);
    expect(columns(metric, 'step', 0)).toEqual([
      [1, 2, 3],
      [3, null, 1],
      [null, 9, 7]
    ]);
  });

  it('shows the last value of a step that was printed twice', () => {
    const [metric] = metricsOf([series('loss', [1, 1], [3, 2])]);
    expect(columns(metric, 'step', 0)).toEqual([[1], [2]]);
  });
});
