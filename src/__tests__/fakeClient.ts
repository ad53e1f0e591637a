import type { IJobKey } from '../api/client';
import { ApiError, Client, keyOf } from '../api/client';
import type {
  IChangePage,
  IJobRequest,
  IJobView,
  IMetricList,
  IMetricSeries,
  ISourcePath
} from '../api/types';

/** A server in memory: what it holds, what it was asked, and whether it answers. */
export class FakeClient extends Client {
  constructor() {
    super({} as never);
  }

  jobs = new Map<string, IJobView>();
  asked: string[] = [];
  isDown = false;
  /** What every request is refused with, when set. */
  refusal: ApiError | null = null;
  missing = new Set<string>();
  health = 'ready';
  targets = ['local'];
  seq = 0;
  page: IChangePage = { changes: [], last: 0, reset: false };
  /** By the name of the job: what it printed, and what it was given. */
  series = new Map<string, IMetricSeries[]>();
  parameters = new Map<string, { [name: string]: string }>();
  /** Holds every answer back until released, when set. */
  gate: Promise<void> | null = null;

  put(...jobs: IJobView[]): void {
    jobs.forEach(job => this.jobs.set(keyOf(job), job));
  }

  count(what: string): number {
    return this.asked.filter(entry => entry.startsWith(what)).length;
  }

  async listJobs() {
    await this._answer('list');
    const jobs = [...this.jobs.values()];
    return { jobs, total: jobs.length, seq: this.seq };
  }

  async listTargets() {
    await this._answer('targets');
    const target = (name: string) => ({
      name,
      health: this.health,
      reason: null,
      as_of: null
    });
    return { targets: this.targets.map(target) };
  }

  async removeTarget(name: string) {
    await this._answer(`remove ${name}`);
    this.targets = this.targets.filter(one => one !== name);
  }

  async getJob(key: IJobKey) {
    await this._answer(`job ${key.name}`);
    const job = this.jobs.get(keyOf(key));
    if (!job || this.missing.has(key.name)) {
      throw new ApiError(`no job ${key.name}`, 404);
    }
    return job;
  }

  async getChanges(since: number) {
    await this._answer(`changes ${since}`);
    return this.page;
  }

  async stopJob(key: IJobKey) {
    await this._answer(`stop ${key.name}`);
    this.put({ ...(await this.getJob(key)), stop_requested: true });
  }

  async getMetrics(key: IJobKey): Promise<IMetricList> {
    await this._answer(`metrics ${key.name}`);
    const series = this.series.get(key.name) ?? [];
    return { series, total: series.length };
  }

  async getRequest(key: IJobKey): Promise<IJobRequest> {
    await this._answer(`request ${key.name}`);
    return {
      request: { HyperParameters: this.parameters.get(key.name) ?? {} }
    };
  }

  async getSource(key: IJobKey, file: string): Promise<ISourcePath> {
    await this._answer(`source ${key.name} ${file}`);
    return { path: `work/${file}` };
  }

  private async _answer(what: string): Promise<void> {
    this.asked.push(what);
    await this.gate;
    if (this.refusal) {
      throw this.refusal;
    }
    if (this.isDown) {
      throw new Error('server away');
    }
  }
}
