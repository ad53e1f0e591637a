import type { IPage } from '../components/JobTab';
import { ErrorPage } from './error';
import { LogPage } from './log';
import { MetricsPage } from './metrics';
import { RequestPage } from './request';

/**
 * The pages of a job's tab, in their order; the first one that is shown is open at first.
 *
 * A page is a file here; what only it needs, and is too much for one file, lies in a folder
 * of its name.
 */
export const PAGES: readonly IPage[] = [
  {
    id: 'error',
    label: trans => trans.__('Error'),
    isShown: job => job.explanation !== null,
    component: ErrorPage
  },
  {
    id: 'log',
    label: trans => trans.__('Log'),
    component: LogPage
  },
  {
    id: 'metrics',
    label: trans => trans.__('Metrics'),
    component: MetricsPage
  },
  {
    id: 'request',
    label: trans => trans.__('Request'),
    component: RequestPage
  }
];
