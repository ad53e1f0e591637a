import * as React from 'react';
import { act } from 'react';

import { JobsModel } from '../../model/jobs';
import { FakeClient } from '../../__tests__/fakeClient';
import { FakeEvents } from '../../__tests__/fakeEvents';
import { pageProps } from '../../__tests__/pageProps';
import { cleanUp, render } from '../../__tests__/render';
import { job } from '../../__tests__/fakeJob';
import { RequestPage } from '../request';

describe('RequestPage', () => {
  let client: FakeClient;
  let model: JobsModel;

  beforeEach(() => {
    client = new FakeClient();
    model = new JobsModel(client, new FakeEvents().stream);
  });

  afterEach(() => {
    cleanUp();
    model.dispose();
  });

  it('shows the request as JSON, and what the target decided', async () => {
    client.parameters.set('digits', { rate: '0.1' });
    let release: () => void = () => undefined;
    client.gate = new Promise(resolve => (release = resolve));
    const own = job({ notes: ['Role SimulatedRole, from config.toml.'] });
    const host = await render(
      <RequestPage {...pageProps({ job: own, model })} />
    );
    const request = host.querySelector('pre')!;
    expect(request.textContent).toBe('Loading…');
    await act(async () => release());
    expect(JSON.parse(request.textContent ?? '')).toEqual({
      HyperParameters: { rate: '0.1' }
    });
    expect(host.querySelector('li')?.textContent).toBe(own.notes[0]);
  });

  it('says why there is none', async () => {
    client.isDown = true;
    const host = await render(<RequestPage {...pageProps({ model })} />);
    expect(host.textContent).toBe('server away');
  });
});
