import type { IMetricSeries } from '../../api/types';
import { axisOf, columns, metricsOf, positions, smoothed } from '../series';
import type { Axis } from '../series';

function series(
  name: string,
  steps: (number | null)[],
  values: (number | null)[],
  more: Partial<IMetricSeries> = {}
): IMetricSeries {
  const times_ms = values.map(() => 0);
  const total = values.length;
  const epochs = values.map(() => null);
  const own = { name, stream: 'algo-1', group: '', total };
  return { ...own, steps, epochs, times_ms, values, ...more };
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
      {
        stream: 'algo-1',
        steps: [1, 2],
        epochs: [null, null],
        times: [0, 0],
        values: [3, 2]
      },
      {
        stream: 'algo-2',
        steps: [1],
        epochs: [null],
        times: [1.5],
        values: [9]
      }
    ]);
  });

  it('keeps what group each is of', () => {
    const metrics = metricsOf([series('it/s', [1], [3], { group: 'speed' })]);
    expect(metrics[0].group).toBe('speed');
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

  it('are epochs, parts of them too', () => {
    const [parts] = metricsOf([
      series('loss', [10, 20], [3, 2], { epochs: [0.5, 1] })
    ]);
    expect(positions(parts.series[0], 'epoch')).toEqual([0.5, 1]);
  });

  it('are seconds on the axis of time', () => {
    expect(positions(metric.series[0], 'time')).toEqual([1, 3]);
  });
});

describe('axisOf', () => {
  const axis = (
    steps: (number | null)[],
    epochs: (number | null)[],
    wanted: Axis
  ) => {
    const [metric] = metricsOf([series('loss', steps, [3, 2], { epochs })]);
    return axisOf(metric, wanted);
  };

  it('is the wanted one where all points have a place on it', () => {
    expect(axis([1, 2], [1, 2], 'step')).toBe('step');
    expect(axis([1, 2], [1, 2], 'epoch')).toBe('epoch');
    expect(axis([null, null], [null, null], 'time')).toBe('time');
  });

  it('is the other one where only that was told', () => {
    expect(axis([null, 2], [1, 2], 'step')).toBe('epoch');
    expect(axis([1, 2], [null, 2], 'epoch')).toBe('step');
  });

  it('counts points of which neither is known', () => {
    expect(axis([null, 2], [1, null], 'epoch')).toBe('step');
  });

  it('counts points of which many have one epoch, unless epochs are wanted', () => {
    expect(axis([null, null], [1, 1], 'step')).toBe('step');
    expect(axis([null, null], [1, 1], 'epoch')).toBe('epoch');
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
