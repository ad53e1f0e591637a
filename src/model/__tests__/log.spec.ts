import { Signal } from '@lumino/signaling';

import type { IJobKey, ILogFilter } from '../../api/client';
import type { ILogPage, ILogRecord } from '../../api/types';
import type { JobsModel } from '../jobs';
import { LogModel } from '../log';

const KEY = { target: 'local', kind: 'training', name: 'digits' };
const PAGE = 1000;

/** A log in memory, paged as the server pages it. */
class FakeLog {
  lines: string[] = [];
  asked: [number, number][] = [];
  isDown = false;
  gates: Promise<void>[] = [];
  filters: ILogFilter[] = [];
  /** Lines that a page brings again although they were asked for before. */
  overlap = 0;

  grow(count: number): void {
    const from = this.lines.length;
    this.lines.push(...[...Array(count).keys()].map(n => `line ${from + n}`));
  }

  async getLog(
    _: IJobKey,
    from: number,
    limit: number,
    filter: ILogFilter = {}
  ): Promise<ILogPage> {
    this.asked.push([from, limit]);
    this.filters.push(filter);
    await this.gates.shift();
    if (this.isDown) {
      throw new Error('server away');
    }
    const total = this.lines.length;
    const first = from < 0 ? Math.max(0, total + from) : from;
    const begin = Math.max(0, first - this.overlap);
    const records = this.lines
      .slice(begin, first + limit)
      .map((text, index): ILogRecord => ({
        seq: begin + index,
        timestamp_ms: 0,
        stream: 'algo-1',
        severity: 'info',
        source: 'user',
        text
      }));
    return {
      records,
      next: Math.min(first + limit, Math.max(total, first)),
      total
    };
  }
}

describe('LogModel', () => {
  let server: FakeLog;
  let jobs: JobsModel;
  let logChanged: Signal<JobsModel, string>;
  let log: LogModel;
  let changes: number;

  const settle = () => jest.advanceTimersByTimeAsync(10);
  const make = (tail?: number) => {
    log = new LogModel(jobs, KEY, tail);
    log.changed.connect(() => changes++);
  };
  const seqs = () => log.records.map(record => record.seq);
  const range = (from: number, to: number) =>
    [...Array(to - from).keys()].map(n => from + n);
  const gate = () => {
    let release: () => void = () => undefined;
    server.gates.push(new Promise(resolve => (release = resolve)));
    return () => release();
  };

  beforeEach(() => {
    jest.useFakeTimers();
    changes = 0;
    server = new FakeLog();
    const fake = { client: server } as unknown as JobsModel;
    logChanged = new Signal<JobsModel, string>(fake);
    jobs = Object.assign(fake, { logChanged });
  });

  afterEach(() => {
    log.dispose();
    jest.useRealTimers();
  });

  it('reads the end of the log first', async () => {
    server.grow(5000);
    make(8);
    expect(log.isLoaded).toBe(false);
    await settle();
    expect(server.asked).toEqual([[-8, PAGE]]);
    expect(log.isLoaded).toBe(true);
    expect(seqs()).toEqual(range(4992, 5000));
    expect(log.hasEarlier).toBe(true);
    expect(changes).toBe(1);
  });

  it('is loaded although the log is empty', async () => {
    make();
    await settle();
    expect(log.isLoaded).toBe(true);
    expect(log.records).toEqual([]);
    expect(log.hasEarlier).toBe(false);
  });

  it('has nothing earlier when it holds the first line', async () => {
    server.grow(3);
    make();
    await settle();
    expect(seqs()).toEqual([0, 1, 2]);
    expect(log.hasEarlier).toBe(false);
  });

  it('fetches only what came since', async () => {
    server.grow(3);
    make();
    await settle();
    server.grow(2);
    logChanged.emit('local/training/digits');
    await settle();
    expect(server.asked[1]).toEqual([3, PAGE]);
    expect(seqs()).toEqual(range(0, 5));
  });

  it('is not concerned with the logs of other jobs', async () => {
    make();
    await settle();
    logChanged.emit('local/training/other');
    await settle();
    expect(server.asked).toHaveLength(1);
  });

  it('goes on until it has read all pages', async () => {
    make();
    await settle();
    server.grow(2500);
    await log.update();
    expect(seqs()).toEqual(range(0, 2500));
    expect(server.asked.slice(1).map(([from]) => from)).toEqual([
      0, 1000, 2000
    ]);
  });

  it('asks from time to time without being told', async () => {
    make();
    await settle();
    server.grow(1);
    await jest.advanceTimersByTimeAsync(31_000);
    expect(seqs()).toEqual([0]);
  });

  it('shows no line twice when updates overlap', async () => {
    server.grow(3);
    make();
    await settle();
    const release = gate();
    server.grow(2);
    void log.update();
    void log.update();
    void log.update();
    await settle();
    expect(server.asked).toHaveLength(2);
    server.grow(1);
    release();
    await settle();
    expect(seqs()).toEqual(range(0, 6));
    expect(server.asked).toHaveLength(3);
  });

  it('shows no line twice when pages overlap', async () => {
    server.grow(3);
    make();
    await settle();
    server.overlap = 2;
    server.grow(2);
    await log.update();
    expect(seqs()).toEqual(range(0, 5));
  });

  it('keeps no more lines than a browser can bear', async () => {
    server.grow(1000);
    make();
    await settle();
    server.grow(9000);
    await log.update();
    expect(seqs()).toEqual(range(7000, 10_000));
    expect(log.hasEarlier).toBe(true);
  });

  it('puts an earlier page before the first line', async () => {
    server.grow(2500);
    make(8);
    await settle();
    changes = 0;
    await log.loadEarlier();
    expect(seqs()).toEqual(range(1492, 2500));
    expect(changes).toBe(1);
    await log.loadEarlier();
    await log.loadEarlier();
    expect(seqs()).toEqual(range(0, 2500));
    expect(log.hasEarlier).toBe(false);
  });

  it('shows no line twice when earlier lines are asked for twice', async () => {
    server.grow(2500);
    make(8);
    await settle();
    await Promise.all([log.loadEarlier(), log.loadEarlier()]);
    expect(new Set(seqs()).size).toBe(seqs().length);
    expect(seqs()).toEqual([...seqs()].sort((a, b) => a - b));
  });

  it('asks for nothing earlier when there is nothing', async () => {
    server.grow(2);
    make();
    await settle();
    await log.loadEarlier();
    expect(server.asked).toHaveLength(1);
    expect(seqs()).toEqual([0, 1]);
  });

  it('tells why the log can not be read, keeps the lines, and recovers', async () => {
    server.grow(2);
    make();
    await settle();
    server.isDown = true;
    await log.update();
    expect(log.error).toBe('server away');
    expect(seqs()).toEqual([0, 1]);
    server.isDown = false;
    server.grow(1);
    await log.update();
    expect(log.error).toBeNull();
    expect(seqs()).toEqual([0, 1, 2]);
  });

  it('starts later when the server was away at first', async () => {
    server.grow(2);
    server.isDown = true;
    make();
    await settle();
    expect(log.isLoaded).toBe(false);
    expect(log.error).toBe('server away');
    server.isDown = false;
    await jest.advanceTimersByTimeAsync(31_000);
    expect(seqs()).toEqual([0, 1]);
    expect(log.error).toBeNull();
  });

  it('tells why earlier lines can not be read', async () => {
    server.grow(2000);
    make(8);
    await settle();
    server.isDown = true;
    await log.loadEarlier().catch(() => undefined);
    expect(log.error).toBe('server away');
    expect(seqs()).toEqual(range(1992, 2000));
  });

  it('reads a rebuilt store from its end, leaving out what was', async () => {
    server.grow(100);
    make();
    await settle();
    server.lines = ['fresh 0', 'fresh 1'];
    await log.update();
    expect(log.records.map(record => record.text)).toEqual([
      'fresh 0',
      'fresh 1'
    ]);
    server.lines.push('fresh 2');
    await log.update();
    expect(seqs()).toEqual([0, 1, 2]);
  });

  it('fetches nothing and tells nothing once disposed', async () => {
    server.grow(2);
    make();
    await settle();
    const release = gate();
    server.grow(1);
    void log.update();
    await settle();
    changes = 0;
    log.dispose();
    void log.update();
    logChanged.emit('local/training/digits');
    release();
    await jest.advanceTimersByTimeAsync(100_000);
    expect(server.asked).toHaveLength(2);
    expect(changes).toBe(0);
    expect(log.isDisposed).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('begins anew with another filter, and drops what was asked with the old one', async () => {
    server.grow(5);
    make();
    await settle();
    const release = gate();
    server.grow(1);
    void log.update();
    log.setFilter({ query: 'line 3' });
    expect(log.records).toHaveLength(0);
    release();
    await settle();
    expect(server.filters[server.filters.length - 1]).toEqual({
      query: 'line 3'
    });
    expect(seqs()).toEqual(range(0, 6));
  });
});
