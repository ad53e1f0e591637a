import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
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

/** The REST API of the server extension, typed. */
export class Client {
  constructor(private _settings: ServerConnection.ISettings) {}

  listJobs(limit: number): Promise<IJobList> {
    return this._request<IJobList>(`jobs?limit=${limit}`);
  }

  listTargets(): Promise<ITargetList> {
    return this._request<ITargetList>('targets');
  }

  /** Have a target's jobs looked after from now on. */
  async useTarget(name: string): Promise<void> {
    await this._request<unknown>(`targets/${encodeURIComponent(name)}/use`, {
      method: 'POST'
    });
  }

  getJob(key: IJobKey): Promise<IJobView> {
    return this._request<IJobView>(pathOf(key));
  }

  getRequest(key: IJobKey): Promise<IJobRequest> {
    return this._request<IJobRequest>(`${pathOf(key)}/request`);
  }

  /** Entries from number `from` on; a negative one counts from the end of what fits. */
  getLog(
    key: IJobKey,
    from: number,
    limit: number,
    filter: ILogFilter = {}
  ): Promise<ILogPage> {
    const query = { from: String(from), limit: String(limit), ...filter };
    return this._request<ILogPage>(`${pathOf(key)}/logs${queryOf(query)}`);
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
    const query = {
      around: around === undefined ? undefined : String(around),
      from: String(from),
      limit: String(limit),
      fold: isFolded ? '1' : '0',
      ...filter
    };
    return this._request<ILogRows>(`${pathOf(key)}/logs/rows${queryOf(query)}`);
  }

  /** Where among the rows a text or a regular expression is found. */
  getLogHits(
    key: IJobKey,
    text: string,
    isRegex: boolean,
    filter: ILogFilter,
    isFolded: boolean
  ): Promise<ILogHits> {
    const query = {
      query: text,
      regex: isRegex ? '1' : '0',
      fold: isFolded ? '1' : '0',
      ...filter
    };
    return this._request<ILogHits>(`${pathOf(key)}/logs/hits${queryOf(query)}`);
  }

  /** Where below the server's root the file lies that a job ran as `file`. */
  getSource(key: IJobKey, file: string): Promise<ISourcePath> {
    return this._request<ISourcePath>(
      `${pathOf(key)}/source${queryOf({ file })}`
    );
  }

  /** Where the whole log can be downloaded as text. */
  logAddress(key: IJobKey): string {
    return URLExt.join(
      this._settings.baseUrl,
      'jupyter-sm',
      'api',
      pathOf(key),
      'log'
    );
  }

  getMetrics(key: IJobKey): Promise<IMetricList> {
    return this._request<IMetricList>(`${pathOf(key)}/metrics`);
  }

  getChanges(since: number): Promise<IChangePage> {
    return this._request<IChangePage>(`changes?since=${since}`);
  }

  async stopJob(key: IJobKey): Promise<void> {
    await this._request<unknown>(`${pathOf(key)}/stop`, { method: 'POST' });
  }

  /** Run a job again, under a fresh name; `change` makes larger what was too small. */
  runAgain(key: IJobKey, change?: string): Promise<IJobView> {
    const body = JSON.stringify(change ? { change } : {});
    return this._request<IJobView>(`${pathOf(key)}/again`, {
      method: 'POST',
      body
    });
  }

  private async _request<T>(path: string, init: RequestInit = {}): Promise<T> {
    const url = URLExt.join(this._settings.baseUrl, 'jupyter-sm', 'api', path);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      throw new ApiError(String(error), 0);
    }
    const body = await response.json().catch(() => null);
    if (!response.ok) {
      throw new ApiError(
        body?.message ?? response.statusText,
        response.status,
        body?.explanation ?? null
      );
    }
    return body as T;
  }
}

/** A query string of what is not empty. */
function queryOf(values: { [name: string]: string | undefined }): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value) {
      query.set(name, value);
    }
  }
  return `?${query}`;
}

function pathOf(key: IJobKey): string {
  const parts = [key.target, key.kind, key.name].map(encodeURIComponent);
  return `jobs/${parts.join('/')}`;
}
