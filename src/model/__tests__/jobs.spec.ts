import type { Event } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';

import type { IChange, IJobView } from '../../api/types';
import { JobsModel } from '../jobs';
import { FakeClient } from '../../__tests__/fakeClient';
import { job } from '../../__tests__/views';

const POLL = 5000;

function makeJob(name: string, more: Partial<IJobView> = {}): IJobView {
  return job({ name, submission_id: null, ...more });
}

describe('JobsModel', () => {
  let client: FakeClient;
  let events: Stream<object, Event.Emission>;
  let model: JobsModel;
  let changes: number;
  let seq: number;

  const change = (topic: string, name: string, at = seq): IChange => ({
    seq: at,
    topic,
    target: 'local',
    kind: topic === 'target' ? '' : 'training',
    name
  });

  /** An event as the server sends it: the one after the last, unless told otherwise. */
  const emit = (topic: string, name: string, previous = seq) => {
    seq = previous + 1;
    events.emit({
      schema_id: 'urn:jupyter_sm:change',
      ...change(topic, name, seq),
      previous
    } as unknown as Event.Emission);
  };

  const settle = () => jest.advanceTimersByTimeAsync(100);
  const nextPoll = () => jest.advanceTimersByTimeAsync(POLL + 100);

  beforeEach(async () => {
    jest.useFakeTimers();
    seq = 10;
    changes = 0;
    client = new FakeClient();
    client.seq = seq;
    client.page.last = seq;
    client.put(
      makeJob('old', { created_at: 1 }),
      makeJob('new', { created_at: 2 })
    );
    events = new Stream<object, Event.Emission>({});
    model = new JobsModel(client, events, POLL);
    model.changed.connect(() => changes++);
    await settle();
    client.asked = [];
    changes = 0;
  });

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  it('loads the list at the start, the newest first', () => {
    expect(model.isLoaded).toBe(true);
    expect(model.jobs.map(job => job.name)).toEqual(['new', 'old']);
    expect(model.error).toBeNull();
    expect(model.targets.map(target => target.name)).toEqual(['local']);
  });

  it('finds a job by its key', () => {
    expect(model.job(makeJob('old'))?.created_at).toBe(1);
    expect(model.job(makeJob('other'))).toBeUndefined();
  });

  it('fetches only the job that an event names', async () => {
    client.put(makeJob('old', { created_at: 1, status: 'Completed' }));
    emit('job', 'old');
    await settle();
    expect(client.asked).toEqual(['job old']);
    expect(model.job(makeJob('old'))?.status).toBe('Completed');
    expect(changes).toBe(1);
  });

  it('shows a job that an event names for the first time', async () => {
    client.put(makeJob('newest', { created_at: 3 }));
    emit('job', 'newest');
    await settle();
    expect(model.jobs.map(job => job.name)).toEqual(['newest', 'new', 'old']);
  });

  it('fetches a job once for several events in a moment', async () => {
    emit('job', 'old');
    emit('job', 'old');
    emit('job', 'old');
    await settle();
    expect(client.asked).toEqual(['job old']);
  });

  it('fetches one list when many jobs change', async () => {
    const names = [...Array(20).keys()].map(n => `j${n}`);
    client.put(...names.map(name => makeJob(name)));
    names.forEach(name => emit('job', name));
    await settle();
    expect(client.asked).toEqual(['list']);
    expect(model.jobs).toHaveLength(22);
  });

  it('fetches what changed while it was fetching', async () => {
    let release: () => void = () => undefined;
    client.gate = new Promise(resolve => (release = resolve));
    emit('job', 'old');
    await settle();
    emit('job', 'new');
    await settle();
    client.gate = null;
    release();
    await settle();
    expect(client.asked).toEqual(['job old', 'job new']);
  });

  it('tells whose log grew and fetches nothing for it', async () => {
    const grown: string[] = [];
    model.logChanged.connect((_, key) => grown.push(key));
    emit('log', 'old');
    await settle();
    expect(grown).toEqual(['local/training/old']);
    expect(client.asked).toEqual([]);
  });

  it('fetches the targets when one changed', async () => {
    client.health = 'stale';
    emit('target', '');
    await settle();
    expect(client.asked).toEqual(['targets']);
    expect(model.targets[0].health).toBe('stale');
  });

  it('is not concerned with events of others', async () => {
    events.emit({ schema_id: 'https://other', ...change('job', 'old', 11) });
    await settle();
    expect(client.asked).toEqual([]);
  });

  it('asks for the changes it missed when an event shows a gap', async () => {
    client.put(makeJob('old', { created_at: 1, status: 'Completed' }));
    client.page = {
      changes: [change('job', 'old', 12)],
      last: 15,
      reset: false
    };
    emit('job', 'new', 14);
    await settle();
    expect(client.asked).toContain('changes 10');
    expect(client.asked).toContain('job old');
    expect(model.job(makeJob('old'))?.status).toBe('Completed');
    emit('job', 'new', 15);
    await settle();
    expect(client.count('changes')).toBe(1);
  });

  it('asks for changes at each poll even without any event', async () => {
    client.page = {
      changes: [change('job', 'old', 12)],
      last: 12,
      reset: false
    };
    await nextPoll();
    expect(client.count('changes 10')).toBe(1);
    expect(client.count('job old')).toBe(1);
    client.page = { changes: [], last: 12, reset: false };
    await nextPoll();
    expect(client.count('changes 12')).toBe(1);
  });

  it('fetches everything when the feed was reset', async () => {
    const grown: string[] = [];
    model.logChanged.connect((_, key) => grown.push(key));
    client.jobs.clear();
    client.put(makeJob('other'));
    client.seq = 2;
    client.page = { changes: [], last: 2, reset: true };
    await nextPoll();
    expect(model.jobs.map(job => job.name)).toEqual(['other']);
    expect(grown).toEqual(['local/training/other']);
    client.page = { changes: [], last: 2, reset: false };
    await nextPoll();
    expect(client.count('changes 2')).toBe(1);
  });

  it('keeps what it knows when the server is away and tells so', async () => {
    client.isDown = true;
    await nextPoll();
    expect(model.error).toBe('server away');
    expect(model.jobs).toHaveLength(2);
    client.isDown = false;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(model.error).toBeNull();
    expect(changes).toBeGreaterThanOrEqual(2);
  });

  it('loads the list later when the server was away at the start', async () => {
    const late = new FakeClient();
    late.isDown = true;
    const other = new JobsModel(late, events, POLL);
    await settle();
    expect(other.isLoaded).toBe(false);
    expect(other.error).toBe('server away');
    late.isDown = false;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(other.isLoaded).toBe(true);
    expect(other.error).toBeNull();
    other.dispose();
  });

  it('goes on after a fetch that failed, and fetches that job again', async () => {
    client.isDown = true;
    emit('job', 'old');
    await settle();
    expect(model.error).toBe('server away');
    client.isDown = false;
    client.put(
      makeJob('old', { status: 'Completed' }),
      makeJob('new', { status: 'Failed' })
    );
    emit('job', 'new');
    await nextPoll();
    expect(model.job(makeJob('new'))?.status).toBe('Failed');
    expect(model.job(makeJob('old'))?.status).toBe('Completed');
    expect(model.error).toBeNull();
  });

  it('tells a failed fetch and rejects nothing that nobody handles', async () => {
    client.isDown = true;
    emit('job', 'old');
    await settle();
    expect(model.error).toBe('server away');
    // Jest fails the test on an unhandled rejection, which Node reports a turn later.
    jest.useRealTimers();
    await new Promise(resolve => setTimeout(resolve, 20));
  });

  it('shows the other jobs when one of them is gone', async () => {
    client.missing.add('old');
    client.put(makeJob('new', { status: 'Completed' }));
    emit('job', 'old');
    emit('job', 'new');
    await settle();
    expect(model.job(makeJob('new'))?.status).toBe('Completed');
  });

  it('stops a job and shows it at once', async () => {
    await model.stop(makeJob('old'));
    expect(client.count('stop old')).toBe(1);
    expect(model.job(makeJob('old'))?.stop_requested).toBe(true);
    expect(changes).toBe(1);
  });

  it('tells the caller when a stop fails', async () => {
    client.isDown = true;
    await expect(model.stop(makeJob('old'))).rejects.toThrow('server away');
  });

  it('fetches nothing and tells nothing once disposed', async () => {
    emit('job', 'old');
    model.dispose();
    emit('job', 'new');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(client.asked).toEqual([]);
    expect(changes).toBe(0);
    expect(model.isDisposed).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
    model.dispose();
  });

  it('fetches nothing more when disposed while it catches up', async () => {
    let release: () => void = () => undefined;
    client.gate = new Promise(resolve => (release = resolve));
    client.page = {
      changes: [change('job', 'old', 12)],
      last: 12,
      reset: false
    };
    await nextPoll();
    expect(client.asked).toEqual(['changes 10']);
    model.dispose();
    client.gate = null;
    release();
    await settle();
    expect(client.count('job')).toBe(0);
    expect(changes).toBe(0);
  });
});
