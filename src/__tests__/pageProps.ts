import { nullTranslator } from '@jupyterlab/translation';

import type { IPageProps } from '../components/JobTab';
import { fakeActions } from './fakeActions';
import { job } from './fakeJob';

/** What a page of the job tab is given, with what a test wants otherwise. */
export function pageProps(more: Partial<IPageProps>): IPageProps {
  return {
    job: job(),
    model: {} as never,
    log: {} as never,
    trans: nullTranslator.load('jupyter_sm'),
    actions: fakeActions(),
    entry: null,
    showLog: jest.fn(),
    ...more
  };
}
