import type { IJobView } from '../../api/types';
import { isTroubled, JobsModel } from '../jobs';
import { FakeClient } from '../../__tests__/fakeClient';
import { FakeEvents } from '../../__tests__/fakeEvents';
import { job, lossOf } from '../../__tests__/fakeJob';

const POLL = 5000;

function makeJob(name: string, more: Partial<IJobView> = {}): IJobView {
  return job({ name, submission_id: null, ...more });
}

describe('JobsModel', () => {
  let client: FakeClient;
  let events: FakeEvents;
  let model: JobsModel;
  let changes: number;

  const settle = () => jest.advanceTimersByTimeAsync(100);
  const nextPoll = () => jest.advanceTimersByTimeAsync(POLL + 100);

  beforeEach(async () => {
    jest.useFakeTimers();
    changes = 0;
    client = new FakeClient();
    client.seq = 10;
    client.page.last = 10;
    client.put(
      makeJob('old', { created_at: 1 }),
      makeJob('new', { created_at: 2 })
    );
    events = new FakeEvents(10);
    model = new JobsModel(client, events.stream, POLL);
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
    events.emit('job', 'old');
    await settle();
    expect(client.asked).toEqual(['job old']);
    expect(model.job(makeJob('old'))?.status).toBe('Completed');
    expect(changes).toBe(1);
  });

  it('shows a job that an event names for the first time', async () => {
    client.put(makeJob('newest', { created_at: 3 }));
    events.emit('job', 'newest');
    await settle();
    expect(model.jobs.map(job => job.name)).toEqual(['newest', 'new', 'old']);
  });

  it('fetches one list when many jobs change', async () => {
    const names = [...Array(20).keys()].map(n => `j${n}`);
    client.put(...names.map(name => makeJob(name)));
    names.forEach(name => events.emit('job', name));
    await settle();
    expect(client.asked).toEqual(['list']);
    expect(model.jobs).toHaveLength(22);
  });

  it('tells whose log grew and fetches nothing for it', async () => {
    const grown: string[] = [];
    model.logChanged.connect((_, key) => grown.push(key));
    events.emit('log', 'old');
    await settle();
    expect(grown).toEqual(['local/training/old']);
    expect(client.asked).toEqual([]);
  });

  it('fetches the targets when one changed', async () => {
    client.health = 'stale';
    events.emit('target', '');
    await settle();
    expect(client.asked).toEqual(['targets']);
    expect(model.targets[0].health).toBe('stale');
  });

  it('tells why a target can not be reached, whatever it waits for', () => {
    for (const health of ['stale', 'waiting', 'ready']) {
      const target = { name: 'aws', health, reason: 'why', as_of: 1 };
      expect(isTroubled(target)).toBe(health !== 'ready');
    }
  });

  it('lets the jobs of a target go with it', async () => {
    client.targets = ['local', 'aws'];
    client.put(makeJob('theirs', { target: 'aws' }));
    await model.refresh();
    expect(model.jobs.map(job => job.name)).toContain('theirs');
    await model.removeTarget('aws');
    expect(client.asked).toContain('remove aws');
    expect(model.jobs.map(job => job.name)).toEqual(['new', 'old']);
    client.targets = ['local', 'aws'];
    await model.refresh();
    // Somebody else removes it: an event tells.
    client.targets = ['local'];
    events.emit('target', '');
    await settle();
    expect(model.jobs.map(job => job.name)).toEqual(['new', 'old']);
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
    const other = new JobsModel(late, events.stream, POLL);
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
    events.emit('job', 'old');
    await settle();
    expect(model.error).toBe('server away');
    client.isDown = false;
    client.put(
      makeJob('old', { status: 'Completed' }),
      makeJob('new', { status: 'Failed' })
    );
    events.emit('job', 'new');
    await nextPoll();
    expect(model.job(makeJob('new'))?.status).toBe('Failed');
    expect(model.job(makeJob('old'))?.status).toBe('Completed');
    expect(model.error).toBeNull();
  });

  it('drops a job that is gone, and shows the others', async () => {
    client.missing.add('old');
    client.put(makeJob('new', { status: 'Completed' }));
    events.emit('job', 'old');
    events.emit('job', 'new');
    await settle();
    expect(model.jobs.map(job => job.name)).toEqual(['new']);
    expect(model.job(makeJob('new'))?.status).toBe('Completed');
    expect(model.error).toBeNull();
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

  it('knows where the file lies that a job ran', async () => {
    expect(await model.sourcePath(makeJob('old'), 'train.py')).toBe(
      'work/train.py'
    );
    client.isDown = true;
    await expect(model.sourcePath(makeJob('old'), 'train.py')).rejects.toThrow(
      'server away'
    );
  });

  it('opens what is known of a job, which follows its log', async () => {
    client.series.set('old', [lossOf(2, 1)]);
    const comparison = model.openComparison(makeJob('old'));
    const request = model.openRequest(makeJob('old'));
    await settle();
    expect(comparison.metrics.map(metric => metric.name)).toEqual(['loss']);
    expect(request.isLoaded).toBe(true);
    client.series.set('old', []);
    events.emit('log', 'old');
    await jest.advanceTimersByTimeAsync(2000);
    expect(comparison.metrics).toEqual([]);
    comparison.dispose();
    request.dispose();
  });

  it('fetches nothing and tells nothing once disposed', async () => {
    events.emit('job', 'old');
    model.dispose();
    events.emit('job', 'new');
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
      changes: [events.change('job', 'old', 12)],
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
