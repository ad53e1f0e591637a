import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';

import { ApiError } from '../../api/client';
import type { IExplanation } from '../../api/types';
import { fakeActions } from '../../__tests__/fakeActions';
import { FakeClient } from '../../__tests__/fakeClient';
import { FakeEvents } from '../../__tests__/fakeEvents';
import { cleanUp, render } from '../../__tests__/render';
import { JobsModel } from '../../model/jobs';
import { Panel } from '../Panel';

const trans = nullTranslator.load('jupyter_sm');

describe('Panel', () => {
  let client: FakeClient;
  let model: JobsModel;

  const show = async () => {
    model = new JobsModel(client, new FakeEvents(0).stream, 1_000_000);
    await model.refresh().catch(() => undefined);
    const host = await render(
      <Panel model={model} trans={trans} actions={fakeActions()} />
    );
    return host.querySelector('.jp-sm-Trouble')?.textContent ?? null;
  };

  beforeEach(() => {
    client = new FakeClient();
  });

  afterEach(() => {
    cleanUp();
    model.dispose();
  });

  it('has nothing to say of a server that answers', async () => {
    expect(await show()).toBeNull();
  });

  it('says why the server can not serve, and what to do, in its own words', async () => {
    const why = "The job store can't be opened. Set JUPYTER_SM_HOME.";
    client.refusal = new ApiError(why, 503, {} as IExplanation);
    expect(await show()).toBe(why);
  });

  it('does not take a proxy for the server', async () => {
    client.refusal = new ApiError('Service Unavailable', 503);
    expect(await show()).toContain('does not answer');
  });

  it('says what to do where the server extension is not there', async () => {
    client.refusal = new ApiError('Not Found', 404);
    expect(await show()).toContain('jupyter server extension enable');
  });

  it('says that what is shown may be old where nothing answers', async () => {
    client.isDown = true;
    expect(await show()).toContain('does not answer; what is shown may be old');
  });
});
