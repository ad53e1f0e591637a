import { Signal } from '@lumino/signaling';

import { FakeClient } from '../../__tests__/fakeClient';
import { lossOf } from '../../__tests__/fakeJob';
import { ComparisonModel } from '../comparison';

describe('ComparisonModel', () => {
  let client: FakeClient;
  let logChanged: Signal<object, string>;
  let comparison: ComparisonModel;
  let changes: number;

  const keyOfName = (name: string) => ({
    target: 'local',
    kind: 'training',
    name
  });
  const settle = () => jest.advanceTimersByTimeAsync(0);
  const make = () => {
    comparison = new ComparisonModel(client, logChanged, keyOfName('slow'));
    changes = 0;
    comparison.changed.connect(() => changes++);
  };
  const names = () => comparison.jobs.map(job => job.name);
  const curves = () =>
    comparison.metrics.flatMap(metric =>
      metric.series.map(series => [metric.name, series.stream])
    );

  beforeEach(() => {
    jest.useFakeTimers();
    client = new FakeClient();
    for (const [name, rate] of [
      ['slow', '0.1'],
      ['fast', '0.2'],
      ['odd', '0.3']
    ]) {
      client.series.set(name, [lossOf(2, 1)]);
      client.parameters.set(name, { rate });
    }
    logChanged = new Signal({});
    make();
  });

  afterEach(() => {
    comparison.dispose();
    jest.useRealTimers();
  });

  it('is the metrics of one job at first, whose request is not asked for', async () => {
    comparison.dispose();
    client.asked = [];
    make();
    expect(comparison.isLoaded).toBe(false);
    await settle();
    expect(comparison.isLoaded).toBe(true);
    expect([names(), curves()]).toEqual([['slow'], [['loss', 'algo-1']]]);
    expect(client.asked).toEqual(['metrics slow']);
    expect(changes).toBe(1);
  });

  it('tells why the metrics of its job can not be read', async () => {
    client.isDown = true;
    logChanged.emit('local/training/slow');
    await jest.advanceTimersByTimeAsync(2000);
    expect(comparison.error).toBe('server away');
    expect(names()).toEqual(['slow']);
  });

  it('shows an added job once all of it is known', async () => {
    await settle();
    let release: () => void = () => undefined;
    client.gate = new Promise(resolve => (release = resolve));
    comparison.add(keyOfName('fast'));
    await settle();
    expect(comparison.keys.map(key => key.name)).toEqual(['slow', 'fast']);
    expect([names(), curves()]).toEqual([['slow'], [['loss', 'algo-1']]]);
    release();
    await settle();
    expect(names()).toEqual(['slow', 'fast']);
    expect(curves()).toEqual([
      ['loss', 'slow'],
      ['loss', 'fast']
    ]);
    expect(comparison.jobs.map(job => job.parameters.get('rate'))).toEqual([
      '0.1',
      '0.2'
    ]);
  });

  it('asks for each request once', async () => {
    comparison.add(keyOfName('fast'));
    comparison.add(keyOfName('odd'));
    await settle();
    expect(names()).toEqual(['slow', 'fast', 'odd']);
    expect(client.asked.filter(what => what.startsWith('request'))).toEqual([
      'request slow',
      'request fast',
      'request odd'
    ]);
  });

  it('shows a job although its request can not be read', async () => {
    await settle();
    client.isDown = true;
    comparison.add(keyOfName('fast'));
    await settle();
    expect(names()).toEqual(['slow', 'fast']);
    expect(comparison.jobs[1].parameters.size).toBe(0);
  });

  it('follows the logs of all its jobs, and of none that was left out', async () => {
    comparison.add(keyOfName('fast'));
    await settle();
    client.asked = [];
    logChanged.emit('local/training/fast');
    await jest.advanceTimersByTimeAsync(2000);
    expect(client.asked).toEqual(['metrics fast']);
    comparison.remove(keyOfName('fast'));
    expect(names()).toEqual(['slow']);
    logChanged.emit('local/training/fast');
    await jest.advanceTimersByTimeAsync(2000);
    expect(client.asked).toEqual(['metrics fast']);
  });

  it('never leaves out its own job', async () => {
    await settle();
    comparison.remove(keyOfName('slow'));
    expect(names()).toEqual(['slow']);
  });

  it('asks for nothing and tells nothing once it is disposed', async () => {
    comparison.add(keyOfName('fast'));
    comparison.dispose();
    comparison.dispose();
    changes = 0;
    client.asked = [];
    logChanged.emit('local/training/slow');
    await jest.advanceTimersByTimeAsync(60_000);
    expect([client.asked, changes]).toEqual([[], 0]);
    expect(comparison.isDisposed).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });
});
