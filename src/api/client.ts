import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  IAnswers,
  IChangePage,
  IExplanation,
  IJobList,
  IJobRequest,
  IJobView,
  ILogHits,
  ILogPage,
  ILogRows,
  IMetricList,
  ISourcePath,
  ITargetList
} from './types';
import { OPERATIONS } from './types';

/** What tells one job from all others. */
export interface IJobKey {
  target: string;
  kind: string;
  name: string;
}

/** The key of a job as one string. */
export function keyOf(job: IJobKey): string {
  return `${job.target}/${job.kind}/${job.name}`;
}

/** Which entries of a log are wanted: how severe they are at least, whose, from which instance. */
export interface ILogFilter {
  severity?: string;
  source?: string;
  stream?: string;
}

/** An error answer of the server, or no answer (`status` 0). */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly explanation: IExplanation | null = null
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

type Query = { [name: string]: string | number | undefined };

/** The REST API of the server extension; its addresses and answers are generated. */
export class Client {
  constructor(private _settings: ServerConnection.ISettings) {}

  listJobs(limit: number): Promise<IJobList> {
    return this._call('listJobs', {}, { limit });
  }

  listTargets(): Promise<ITargetList> {
    return this._call('listTargets');
  }

  /** Have a target's jobs looked after from now on. */
  async useTarget(target: string): Promise<void> {
    await this._call('useTarget', { target });
  }

  /** Look after a target no longer. */
  async removeTarget(target: string): Promise<void> {
    await this._call('removeTarget', { target });
  }

  getJob(key: IJobKey): Promise<IJobView> {
    return this._call('getJob', key);
  }

  getRequest(key: IJobKey): Promise<IJobRequest> {
    return this._call('getRequest', key);
  }

  /** Entries from number `from` on; a negative one counts from the end of what fits. */
  getLog(
    key: IJobKey,
    from: number,
    limit: number,
    filter: ILogFilter = {}
  ): Promise<ILogPage> {
    return this._call('getLog', key, { from, limit, ...filter });
  }

  /**
   * Rows from row `from` on, or from the one that holds the entry number `around`: entries, and
   * (if `isFolded`) runs of what is seldom read.
   */
  getLogRows(
    key: IJobKey,
    from: number,
    limit: number,
    filter: ILogFilter,
    isFolded: boolean,
    around?: number
  ): Promise<ILogRows> {
    const fold = isFolded ? '1' : '0';
    const query = { around, from, limit, fold, ...filter };
    return this._call('getLogRows', key, query);
  }

  /** Where among the rows a text or a regular expression is found. */
  getLogHits(
    key: IJobKey,
    text: string,
    isRegex: boolean,
    filter: ILogFilter,
    isFolded: boolean
  ): Promise<ILogHits> {
    return this._call('getLogHits', key, {
      query: text,
      regex: isRegex ? '1' : '0',
      fold: isFolded ? '1' : '0',
      ...filter
    });
  }

  /** Where below the server's root the file lies that a job ran as `file`. */
  getSource(key: IJobKey, file: string): Promise<ISourcePath> {
    return this._call('getSource', key, { file });
  }

  /** Where the whole log can be downloaded as text. */
  logAddress(key: IJobKey): string {
    return this._address('downloadLog', key, {});
  }

  getMetrics(key: IJobKey): Promise<IMetricList> {
    return this._call('getMetrics', key);
  }

  getChanges(since: number): Promise<IChangePage> {
    return this._call('getChanges', {}, { since });
  }

  async stopJob(key: IJobKey): Promise<void> {
    await this._call('stopJob', key);
  }

  /** Run a job again, under a fresh name; `change` makes larger what was too small. */
  runAgain(key: IJobKey, change?: string): Promise<IJobView> {
    const body = JSON.stringify(change ? { change } : {});
    return this._call('runAgain', key, {}, body);
  }

  private _address(
    operation: keyof IAnswers,
    parts: Partial<IJobKey>,
    query: Query
  ): string {
    const path = OPERATIONS[operation].path.replace(/\{(\w+)\}/g, (_, name) =>
      encodeURIComponent(parts[name as keyof IJobKey] ?? '')
    );
    const url = URLExt.join(this._settings.baseUrl, 'jupyter-sm', 'api', path);
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== '') {
        asked.set(name, String(value));
      }
    }
    return asked.size > 0 ? `${url}?${asked}` : url;
  }

  private async _call<K extends keyof IAnswers>(
    operation: K,
    parts: Partial<IJobKey> = {},
    query: Query = {},
    body?: string
  ): Promise<IAnswers[K]> {
    const init: RequestInit = { method: OPERATIONS[operation].method, body };
    const url = this._address(operation, parts, query);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      throw new ApiError(String(error), 0);
    }
    const answer = await response.json().catch(() => null);
    if (!response.ok) {
      throw new ApiError(
        answer?.message ?? response.statusText,
        response.status,
        answer?.explanation ?? null
      );
    }
    return answer as IAnswers[K];
  }
}
