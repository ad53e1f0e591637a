import { compared, finalValue, merged, parametersOf } from '../compare';
import type { IComparedJob } from '../compare';
import type { IMetric } from '../series';

function metric(name: string, ...streams: (number | null)[][]): IMetric {
  const series = streams.map((values, index) => ({
    stream: `algo-${index + 1}`,
    steps: values.map((_, step) => step),
    epochs: values.map(() => null),
    times: values.map(() => 0),
    values
  }));
  return { name, group: '', series };
}

function comparedJob(name: string, ...metrics: IMetric[]): IComparedJob {
  const parameters = new Map<string, string>();
  return { target: 'local', kind: 'training', name, parameters, metrics };
}

describe('merged', () => {
  it('leaves a single job as it is', () => {
    const metrics = [metric('loss', [1], [2])];
    expect(merged([comparedJob('a', ...metrics)])).toEqual(metrics);
  });

  it('names curves by job, and by instance where a job has several', () => {
    const all = merged([
      comparedJob('a', metric('loss', [1]), metric('auc', [2])),
      comparedJob('b', metric('loss', [3], [4]))
    ]);
    expect(
      all.map(one => [one.name, one.series.map(series => series.stream)])
    ).toEqual([
      ['loss', ['a', 'b algo-1', 'b algo-2']],
      ['auc', ['a']]
    ]);
  });
});

describe('finalValue', () => {
  it('is the last that is a number', () => {
    expect(finalValue(metric('loss', [3, 2, null]))).toBe(2);
    expect(finalValue(metric('loss', [null], [5]))).toBe(5);
    expect(finalValue(metric('loss', [null]))).toBeNull();
    expect(finalValue(undefined)).toBeNull();
  });
});

describe('parametersOf', () => {
  it('shows what the user gave, without what script mode adds', () => {
    const request = {
      HyperParameters: {
        epochs: '3',
        optimizer: '"adam"',
        layers: '"{\\"a\\": 1}"',
        plain: 'not JSON',
        sagemaker_program: '"train.py"'
      }
    };
    expect([...parametersOf(request)]).toEqual([
      ['epochs', '3'],
      ['optimizer', 'adam'],
      ['layers', '{"a": 1}'],
      ['plain', 'not JSON']
    ]);
    expect(parametersOf({}).size).toBe(0);
  });
});

describe('compared', () => {
  it('puts what differs first, and marks what a job lacks', () => {
    const rows = compared([
      new Map([
        ['epochs', '3'],
        ['lr', '0.1']
      ]),
      new Map([
        ['epochs', '3'],
        ['lr', '0.2'],
        ['depth', '6']
      ])
    ]);
    expect(rows).toEqual([
      { name: 'lr', values: ['0.1', '0.2'], differs: true },
      { name: 'depth', values: [null, '6'], differs: true },
      { name: 'epochs', values: ['3', '3'], differs: false }
    ]);
  });
});
