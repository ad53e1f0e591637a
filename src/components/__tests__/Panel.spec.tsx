import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { act } from 'react';

import { ApiError } from '../../api/client';
import type { IExplanation } from '../../api/types';
import { fakeActions } from '../../__tests__/fakeActions';
import { FakeClient } from '../../__tests__/fakeClient';
import { FakeEvents } from '../../__tests__/fakeEvents';
import { job } from '../../__tests__/fakeJob';
import { cleanUp, render } from '../../__tests__/render';
import { JobsModel } from '../../model/jobs';
import { Panel } from '../Panel';

const trans = nullTranslator.load('jupyter_sm');

describe('Panel', () => {
  let client: FakeClient;
  let model: JobsModel;
  const actions = fakeActions();

  const show = async () => {
    await model.refresh().catch(() => undefined);
    return render(<Panel model={model} trans={trans} actions={actions} />);
  };

  beforeEach(() => {
    client = new FakeClient();
    model = new JobsModel(client, new FakeEvents(0).stream, 1_000_000);
  });

  afterEach(() => {
    cleanUp();
    model.dispose();
  });

  describe('of a server', () => {
    const trouble = async () =>
      (await show()).querySelector('.jp-sm-Trouble')?.textContent ?? null;

    it('has nothing to say of one that answers', async () => {
      expect(await trouble()).toBeNull();
    });

    it('says why it can not serve, and what to do, in its own words', async () => {
      const why = "The job store can't be opened. Set JUPYTER_SM_HOME.";
      client.refusal = new ApiError(why, 503, {} as IExplanation);
      expect(await trouble()).toBe(why);
    });

    it('does not take a proxy for it', async () => {
      client.refusal = new ApiError('Service Unavailable', 503);
      expect(await trouble()).toContain('does not answer');
    });

    it('says what to do where the server extension is not there', async () => {
      client.refusal = new ApiError('Not Found', 404);
      expect(await trouble()).toContain('jupyter server extension enable');
    });

    it('says that what is shown may be old where nothing answers', async () => {
      client.isDown = true;
      expect(await trouble()).toContain(
        'does not answer; what is shown may be old'
      );
    });
  });

  describe('of targets', () => {
    const rows = (host: HTMLElement) =>
      Array.from(host.querySelectorAll('.jp-sm-Row')).map(row =>
        row.getAttribute('data-job')
      );

    beforeEach(() => {
      client.targets = ['local', 'aws'];
      client.put(job({ name: 'mine' }), job({ name: 'theirs', target: 'aws' }));
    });

    it('offers to remove one, but not the local one', async () => {
      const host = await show();
      const buttons = Array.from(
        host.querySelectorAll<HTMLButtonElement>('.jp-sm-Targets-row button')
      );
      expect(buttons.map(one => one.getAttribute('aria-label'))).toEqual([
        'Remove the target aws'
      ]);
      act(() => buttons[0].click());
      expect(actions.removeTarget).toHaveBeenCalledWith('aws');
    });

    it('says which of them waits for the user', async () => {
      client.health = 'waiting';
      const host = await show();
      expect(host.querySelector('.jp-sm-Targets')?.textContent).toContain(
        'waits for you'
      );
    });

    it('shows all again once the one that it was filtered by is gone', async () => {
      const host = await show();
      const picker = host.querySelector('select') as HTMLSelectElement;
      act(() => {
        picker.value = 'aws';
        picker.dispatchEvent(new Event('change', { bubbles: true }));
      });
      expect(rows(host)).toEqual(['theirs']);
      await act(() => model.removeTarget('aws'));
      expect(rows(host)).toEqual(['mine']);
    });
  });
});
