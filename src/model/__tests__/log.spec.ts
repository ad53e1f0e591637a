import { keyOf } from '../../api/client';
import { FakeLog, KEY } from '../../__tests__/fakeLog';
import { LogModel, PAGE } from '../log';

describe('LogModel', () => {
  let server: FakeLog;
  let log: LogModel;
  let changes: number;

  const settle = () => jest.advanceTimersByTimeAsync(10);
  const make = () => {
    log = new LogModel(server, server.logChanged, KEY);
    log.changed.connect(() => changes++);
  };
  const text = (row: number) => log.row(row)?.record.text;

  beforeEach(() => {
    jest.useFakeTimers();
    changes = 0;
    server = new FakeLog();
  });

  afterEach(() => {
    log.dispose();
    jest.useRealTimers();
  });

  it('reads the end of the log first', async () => {
    server.grow(5000);
    make();
    expect(log.isLoaded).toBe(false);
    await settle();
    expect(server.asked).toEqual([-PAGE]);
    expect(log.isLoaded).toBe(true);
    expect([log.count, log.entries]).toEqual([5000, 5000]);
    expect(text(4999)).toBe('line 4999');
    expect(text(0)).toBeUndefined();
  });

  it('is loaded although the log is empty', async () => {
    make();
    await settle();
    expect([log.isLoaded, log.count]).toEqual([true, 0]);
  });

  it('fetches what is to be seen, once', async () => {
    server.grow(5000);
    make();
    await settle();
    log.ensure(600, 700);
    log.ensure(600, 700);
    expect(log.has(600, 700)).toBe(false);
    await settle();
    expect(log.has(600, 700)).toBe(true);
    log.ensure(600, 700);
    await settle();
    expect(server.asked).toEqual([-PAGE, 500]);
  });

  it('forgets pages that were not looked at for long', async () => {
    server.grow(50_000);
    make();
    await settle();
    for (let page = 0; page < 100; page++) {
      log.ensure(page * PAGE, page * PAGE);
      await settle();
    }
    expect(log.has(99 * PAGE, 99 * PAGE)).toBe(true);
    expect(log.has(0, 0)).toBe(false);
  });

  it('learns what came, and what joined the last run', async () => {
    server.grow(2);
    server.add('p1', { source: 'platform' });
    make();
    await settle();
    expect(log.count).toBe(3);
    server.add('p2', { source: 'platform' });
    server.grow(1);
    server.logChanged.emit(keyOf(KEY));
    await settle();
    expect(log.count).toBe(4);
    expect([log.row(2)?.count, text(3)]).toEqual([2, 'line 4']);
  });

  it('goes round once more when lines came while it read', async () => {
    server.grow(10);
    make();
    await settle();
    const release = server.gate();
    server.grow(1);
    server.logChanged.emit(keyOf(KEY));
    server.logChanged.emit(keyOf(KEY));
    server.logChanged.emit(keyOf(KEY));
    release();
    server.grow(1);
    await settle();
    expect(log.count).toBe(12);
    expect(server.asked.length).toBe(3);
  });

  it("does not read for other jobs' lines", async () => {
    make();
    await settle();
    server.logChanged.emit(keyOf({ ...KEY, name: 'other' }));
    await settle();
    expect(server.asked.length).toBe(1);
  });

  it('keeps its rows and says why while the server is away, then goes on', async () => {
    server.grow(3);
    make();
    await settle();
    server.isDown = true;
    server.logChanged.emit(keyOf(KEY));
    await settle();
    expect(log.error).toBe('server away');
    expect(text(2)).toBe('line 2');
    server.isDown = false;
    server.grow(1);
    await jest.advanceTimersByTimeAsync(30_000);
    expect([log.error, log.count]).toEqual([null, 4]);
  });

  it('reads anew with another filter, and drops answers to the last one', async () => {
    server.grow(3);
    server.add('bad', { severity: 'error' });
    make();
    await settle();
    const release = server.gate();
    void log.update();
    log.setFilter({ severity: 'error' });
    expect([log.isLoaded, log.count]).toEqual([false, 0]);
    release();
    await settle();
    expect([log.count, text(0)]).toEqual([1, 'bad']);
    expect(server.filters[server.filters.length - 1]).toEqual({
      severity: 'error'
    });
  });

  it('starts anew when the store was made anew', async () => {
    server.grow(10);
    make();
    await settle();
    server.records = [];
    server.grow(2);
    server.logChanged.emit(keyOf(KEY));
    await settle();
    expect([log.count, log.entries]).toEqual([2, 2]);
    expect(text(9)).toBeUndefined();
  });

  it('unfolds a run and folds it again', async () => {
    ['p0', 'p1', 'p2'].forEach(p => server.add(p, { source: 'platform' }));
    make();
    await settle();
    const row = log.row(0)!;
    expect([row.count, log.unfolded(row)]).toEqual([3, null]);
    await log.toggle(row);
    expect(log.unfolded(row)?.map(r => r.text)).toEqual(['p0', 'p1', 'p2']);
    await log.toggle(row);
    expect(log.unfolded(row)).toBeNull();
    log.setFolded(false);
    await settle();
    expect(log.count).toBe(3);
  });

  it('knows the row of an entry, and gives its end as text', async () => {
    ['p0', 'p1'].forEach(p => server.add(p, { source: 'platform' }));
    server.grow(2);
    make();
    await settle();
    expect(await log.rowOf(1)).toBe(0);
    expect(await log.rowOf(3)).toBe(2);
    expect(await log.text(2)).toBe('line 2\nline 3\n');
    server.longestPage = 1;
    expect(await log.text(3)).toBe('p1\nline 2\nline 3\n');
  });

  it('asks for nothing once it is disposed', async () => {
    make();
    await settle();
    log.dispose();
    log.dispose();
    server.logChanged.emit(keyOf(KEY));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(server.asked.length).toBe(1);
    expect(log.isDisposed).toBe(true);
  });

  describe('its search', () => {
    beforeEach(async () => {
      server.grow(3);
      server.add('loss 1');
      server.add('loss 2');
      make();
      await settle();
    });

    it('looks at the last find first, and goes round', async () => {
      log.search.set('loss', false);
      expect(log.search.total).toBeNull();
      await settle();
      expect([log.search.total, log.search.current]).toEqual([2, 1]);
      expect(log.search.find).toEqual({ row: 4, seq: 4 });
      log.search.go(1);
      expect(log.search.find).toEqual({ row: 3, seq: 3 });
      log.search.go(-1);
      expect(log.search.find).toEqual({ row: 4, seq: 4 });
    });

    it('finds nothing without fuss', async () => {
      log.search.set('none', false);
      await settle();
      log.search.go(1);
      expect([log.search.total, log.search.find]).toEqual([0, null]);
    });

    it('goes on with what comes, now and then, and stays where it is', async () => {
      log.search.set('loss', false);
      await settle();
      for (let n = 0; n < 5; n++) {
        server.add('loss more');
        server.logChanged.emit(keyOf(KEY));
        await settle();
      }
      expect(server.searches).toBe(1);
      await jest.advanceTimersByTimeAsync(3000);
      expect(server.searches).toBe(2);
      expect([log.search.total, log.search.current]).toEqual([7, 1]);
    });

    it('says what is wrong with an expression', async () => {
      log.search.set('(', true);
      await settle();
      expect(log.search.error).toBe("'(' is no regular expression.");
      log.search.set('loss', false);
      await settle();
      expect(log.search.error).toBeNull();
    });
  });
});
