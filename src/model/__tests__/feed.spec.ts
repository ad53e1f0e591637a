import { ApiError } from '../../api/client';
import type { IJobKey } from '../../api/client';
import type { IExplanation } from '../../api/types';
import { FakeClient } from '../../__tests__/fakeClient';
import { FakeEvents } from '../../__tests__/fakeEvents';
import { ChangeFeed } from '../feed';
import type { IFollower } from '../feed';

const POLL = 5000;

/** What the feed had fetched: `all`, or names of jobs and `targets`. */
class FakeFollower implements IFollower {
  fetched: string[] = [];
  seq = 10;
  isDown = false;
  /** Holds every fetch back until released, when set. */
  gate: Promise<void> | null = null;

  async fetchAll(): Promise<number> {
    await this._answer('all');
    return this.seq;
  }

  async fetchSome(jobs: IJobKey[], withTargets: boolean): Promise<void> {
    const names = jobs.map(job => job.name);
    await this._answer([...names, ...(withTargets ? ['targets'] : [])].join());
  }

  private async _answer(what: string): Promise<void> {
    this.fetched.push(what);
    await this.gate;
    if (this.isDown) {
      throw new Error('server away');
    }
  }
}

describe('ChangeFeed', () => {
  let client: FakeClient;
  let events: FakeEvents;
  let follower: FakeFollower;
  let feed: ChangeFeed;
  let told: number;
  let grown: string[];
  let resets: number;

  const settle = () => jest.advanceTimersByTimeAsync(100);
  const nextPoll = () => jest.advanceTimersByTimeAsync(POLL + 100);

  beforeEach(() => {
    jest.useFakeTimers();
    client = new FakeClient();
    client.page.last = 10;
    events = new FakeEvents(10);
    follower = new FakeFollower();
    feed = new ChangeFeed(client, events.stream, follower, POLL);
    told = 0;
    grown = [];
    resets = 0;
    feed.fetched.connect(() => told++);
    feed.logChanged.connect((_, key) => grown.push(key));
    feed.reset.connect(() => resets++);
  });

  afterEach(() => {
    feed.dispose();
    jest.useRealTimers();
  });

  describe('at the start', () => {
    it('has everything fetched', async () => {
      expect(feed.isLoaded).toBe(false);
      await settle();
      expect(feed.isLoaded).toBe(true);
      expect(follower.fetched).toEqual(['all']);
      expect([feed.error, told]).toEqual([null, 1]);
    });

    it('passes over events until that is done', async () => {
      events.emit('job', 'old');
      await settle();
      expect(follower.fetched).toEqual(['all']);
    });

    it('tries again later when the server is away', async () => {
      follower.isDown = true;
      await settle();
      expect(feed.isLoaded).toBe(false);
      expect(feed.error).toBe('server away');
      follower.isDown = false;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(feed.isLoaded).toBe(true);
      expect(feed.error).toBeNull();
    });
  });

  describe('once loaded', () => {
    beforeEach(async () => {
      await settle();
      follower.fetched = [];
      told = 0;
    });

    it('has a job fetched once for several events in a moment', async () => {
      events.emit('job', 'old');
      events.emit('job', 'old');
      events.emit('job', 'new');
      await settle();
      expect(follower.fetched).toEqual(['old,new']);
      expect(told).toBe(1);
    });

    it('has fetched what changed while it was fetching', async () => {
      let release: () => void = () => undefined;
      follower.gate = new Promise(resolve => (release = resolve));
      events.emit('job', 'old');
      await settle();
      events.emit('job', 'new');
      await settle();
      follower.gate = null;
      release();
      await settle();
      expect(follower.fetched).toEqual(['old', 'new']);
    });

    it('tells whose log grew and has nothing fetched for it', async () => {
      events.emit('log', 'old');
      await settle();
      expect(grown).toEqual(['local/training/old']);
      expect(follower.fetched).toEqual([]);
    });

    it('has the targets fetched when one changed', async () => {
      events.emit('target', '');
      await settle();
      expect(follower.fetched).toEqual(['targets']);
    });

    it('is not concerned with events of others', async () => {
      const change = events.change('job', 'old', 11);
      events.emitRaw({ schema_id: 'https://other', ...change });
      await settle();
      expect(follower.fetched).toEqual([]);
    });

    it('asks for the changes it missed when an event shows a gap', async () => {
      const changes = [events.change('job', 'old', 12)];
      client.page = { changes, last: 15, reset: false };
      events.emit('job', 'new', 14);
      await settle();
      expect(client.asked).toEqual(['changes 10']);
      expect(follower.fetched).toContain('old');
      events.emit('job', 'new', 15);
      await settle();
      expect(client.asked).toEqual(['changes 10']);
      expect(follower.fetched).toContain('new');
    });

    it('asks for changes at each poll even without any event', async () => {
      const changes = [events.change('job', 'old', 12)];
      client.page = { changes, last: 12, reset: false };
      await nextPoll();
      expect(client.asked).toEqual(['changes 10']);
      expect(follower.fetched).toEqual(['targets', 'old']);
      client.page = { changes: [], last: 12, reset: false };
      await nextPoll();
      expect(client.asked).toEqual(['changes 10', 'changes 12']);
      expect(follower.fetched).toEqual(['targets', 'old', 'targets']);
    });

    it('has everything fetched when numbers begin anew, and says so', async () => {
      follower.seq = 2;
      client.page = { changes: [], last: 2, reset: true };
      await nextPoll();
      expect(follower.fetched).toEqual(['all']);
      expect(resets).toBe(1);
      client.page = { changes: [], last: 2, reset: false };
      await nextPoll();
      expect(client.asked).toEqual(['changes 10', 'changes 2']);
      expect(resets).toBe(1);
    });

    it('tells that the server is away, until it is back', async () => {
      client.isDown = true;
      await nextPoll();
      expect(feed.error).toBe('server away');
      expect(told).toBe(1);
      client.isDown = false;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(feed.error).toBeNull();
      expect(told).toBeGreaterThan(1);
    });

    it('tells in its own words why a server that is there does not answer', async () => {
      const said = 'The job store was deleted while it was in use.';
      const asked = jest.spyOn(client, 'getChanges');
      asked.mockRejectedValueOnce(new ApiError(said, 507, {} as IExplanation));
      await nextPoll();
      expect([feed.error, feed.refusal]).toEqual([said, 'told']);
      asked.mockRejectedValueOnce(new ApiError('Not Found', 404));
      await jest.advanceTimersByTimeAsync(60_000);
      expect([feed.error, feed.refusal]).toEqual([null, null]);
    });

    it('has fetched again what could not be fetched, after a moment', async () => {
      follower.isDown = true;
      events.emit('job', 'old');
      await settle();
      expect(feed.error).toBe('server away');
      follower.isDown = false;
      events.emit('target', '');
      await settle();
      expect(follower.fetched).toEqual(['old']);
      await jest.advanceTimersByTimeAsync(2000);
      expect(follower.fetched).toEqual(['old', 'old,targets']);
      expect(feed.error).toBeNull();
    });

    it('rejects nothing that nobody handles', async () => {
      follower.isDown = true;
      events.emit('job', 'old');
      await settle();
      expect(feed.error).toBe('server away');
      // Jest fails the test on an unhandled rejection, which Node reports a turn later.
      jest.useRealTimers();
      await new Promise(resolve => setTimeout(resolve, 20));
    });

    it('has nothing fetched and tells nothing once disposed', async () => {
      events.emit('job', 'old');
      feed.dispose();
      events.emit('job', 'new');
      events.emit('log', 'new');
      await jest.advanceTimersByTimeAsync(60_000);
      expect([follower.fetched, grown, told]).toEqual([[], [], 0]);
      expect(feed.isDisposed).toBe(true);
      expect(jest.getTimerCount()).toBe(0);
      feed.dispose();
    });
  });
});
