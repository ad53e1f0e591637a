import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { act } from 'react';

import type { IJobActions } from '../../actions';
import type { IJobView } from '../../api/types';
import { JobsModel } from '../../model/jobs';
import { PAGES } from '../../pages';
import { fakeActions } from '../../__tests__/fakeActions';
import { FakeClient } from '../../__tests__/fakeClient';
import { FakeEvents } from '../../__tests__/fakeEvents';
import { cleanUp, render } from '../../__tests__/render';
import { explanation, job } from '../../__tests__/fakeJob';
import { JobTab } from '../JobTab';
import type { IPage } from '../JobTab';

const trans = nullTranslator.load('jupyter_sm');

/** The tab's own pages, each of which says only what it was given. */
const pages: IPage[] = PAGES.map(page => ({
  ...page,
  component: ({ entry, showLog }) => (
    <p>
      {`${page.id} at ${entry}`}
      <button onClick={() => showLog(7)}>{`${page.id} to log`}</button>
    </p>
  )
}));

describe('JobTab', () => {
  let client: FakeClient;
  let model: JobsModel;
  let actions: jest.Mocked<IJobActions>;

  const show = async (...jobs: IJobView[]) => {
    client.put(...jobs);
    await act(async () => model.refresh());
    return render(
      <JobTab
        jobKey={job()}
        model={model}
        log={{} as never}
        trans={trans}
        actions={actions}
        pages={pages}
      />
    );
  };
  const put = async (more: Partial<IJobView>) => {
    client.put(job(more));
    await act(async () => model.refresh());
  };
  const tabs = (host: HTMLElement) => [
    ...host.querySelectorAll<HTMLElement>('[role=tab]')
  ];
  const names = (host: HTMLElement) => tabs(host).map(tab => tab.textContent);
  const selected = (host: HTMLElement) =>
    host.querySelector('[aria-selected=true]')?.textContent;
  const page = (host: HTMLElement) =>
    host.querySelector('[role=tabpanel] p')?.firstChild?.textContent;
  const named = (host: HTMLElement, name: string) =>
    [...host.querySelectorAll('button')].find(
      button =>
        button.textContent === name ||
        button.getAttribute('aria-label') === name
    );

  beforeEach(() => {
    client = new FakeClient();
    model = new JobsModel(client, new FakeEvents().stream);
    actions = fakeActions();
  });

  afterEach(() => {
    cleanUp();
    model.dispose();
  });

  it('says that there is no such job', async () => {
    const host = await show();
    expect(host.textContent).toBe('There is no job digits on local.');
  });

  it('begins with the log', async () => {
    const host = await show(job());
    expect(names(host)).toEqual(['Log', 'Metrics', 'Request']);
    expect([selected(host), page(host)]).toEqual(['Log', 'log at null']);
  });

  it('begins with the error of a job that failed', async () => {
    const host = await show(job({ explanation: explanation() }));
    expect(names(host)).toEqual(['Error', 'Log', 'Metrics', 'Request']);
    expect([selected(host), page(host)]).toEqual(['Error', 'error at null']);
  });

  it('shows the error when the job fails, unless a page was chosen', async () => {
    const host = await show(job());
    await put({ explanation: explanation() });
    expect(selected(host)).toBe('Error');
    act(() => tabs(host)[2].click());
    await put({ explanation: explanation(), status: 'Failed' });
    expect(page(host)).toBe('metrics at null');
  });

  it('leads from a page to an entry of the log', async () => {
    const host = await show(job({ explanation: explanation() }));
    act(() => named(host, 'error to log')?.click());
    expect([selected(host), page(host)]).toEqual(['Log', 'log at 7']);
  });

  it('goes from tab to tab by the arrow keys, and round', async () => {
    const host = await show(job());
    const press = (key: string) =>
      act(() => {
        host
          .querySelector('[aria-selected=true]')
          ?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      });
    press('ArrowRight');
    expect(selected(host)).toBe('Metrics');
    press('ArrowLeft');
    press('ArrowLeft');
    expect(selected(host)).toBe('Request');
    expect(document.activeElement?.textContent).toBe('Request');
  });

  it('stops a job that runs, and runs again one that is over', async () => {
    const host = await show(job());
    expect(named(host, 'Run again')).toBeUndefined();
    act(() => named(host, 'Stop')?.click());
    expect(actions.stop).toHaveBeenCalledWith(model.job(job()));
    await put({ stop_requested: true });
    expect(named(host, 'Stop')?.disabled).toBe(true);
    await put({ status: 'Stopped', phase: 'ended' });
    expect(named(host, 'Stop')).toBeUndefined();
    act(() => named(host, 'Run again')?.click());
    expect(actions.runAgain).toHaveBeenCalledWith(model.job(job()));
    const more = named(host, 'More about digits')!;
    act(() => more.click());
    expect(actions.showMenu).toHaveBeenCalledWith(model.job(job()), more);
  });
});
