import * as React from 'react';
import { act } from 'react';

import { JobsModel } from '../../model/jobs';
import { FakeClient } from '../../__tests__/fakeClient';
import { FakeEvents } from '../../__tests__/fakeEvents';
import { pageProps } from '../../__tests__/pageProps';
import { cleanUp, enter, render } from '../../__tests__/render';
import { job, lossOf } from '../../__tests__/fakeJob';
import { MetricsPage } from '../metrics';

/** An observer that sees nothing, so that no chart is drawn: jsdom has no canvas. */
class BlindObserver {
  observe(): void {
    // Nothing is ever in view.
  }
  disconnect(): void {
    // Nothing was observed.
  }
}

describe('MetricsPage', () => {
  let client: FakeClient;
  let model: JobsModel;
  let release: () => void;

  const show = async () => {
    await act(async () => model.refresh().catch(() => undefined));
    const own = job({ name: 'slow' });
    return render(<MetricsPage {...pageProps({ job: own, model })} />);
  };
  /** Hold back what the server answers from now on, until it is released. */
  const hold = () => {
    client.gate = new Promise(resolve => {
      release = () => {
        client.gate = null;
        resolve();
      };
    });
  };
  const select = (host: HTMLElement) => host.querySelector('select')!;
  const input = (host: HTMLElement, type: string) =>
    host.querySelector<HTMLInputElement>(`input[type=${type}]`)!;
  const compare = (host: HTMLElement, name: string) =>
    enter(
      host.querySelector<HTMLSelectElement>('[aria-label="Compare with"]')!,
      `local/training/${name}`
    );
  const look = (host: HTMLElement) => [
    select(host)?.value,
    input(host, 'checkbox')?.checked,
    input(host, 'range')?.value
  ];
  const line = (host: HTMLElement, name: string) =>
    [...host.querySelectorAll('.jp-sm-Compare tr')]
      .find(row => row.querySelector('th')?.textContent === name)
      ?.textContent?.slice(name.length);

  beforeEach(() => {
    globalThis.IntersectionObserver = BlindObserver as never;
    client = new FakeClient();
    const metric = { name: 'loss', value: 1, recent: [] };
    client.put(job({ name: 'slow', metric }), job({ name: 'fast', metric }));
    client.series.set('slow', [lossOf(3, 2)]);
    client.series.set('fast', [lossOf(2, 1)]);
    client.parameters.set('slow', { rate: '0.1' });
    client.parameters.set('fast', { rate: '0.2' });
    model = new JobsModel(client, new FakeEvents().stream);
  });

  afterEach(() => {
    cleanUp();
    model.dispose();
  });

  it('keeps axis, scale, smoothing and curves when a job is added', async () => {
    const host = await show();
    await enter(select(host), 'time');
    act(() => input(host, 'checkbox').click());
    await enter(input(host, 'range'), '0.5');
    const chart = host.querySelector('figure');
    expect(chart?.getAttribute('aria-label')).toBe('loss');
    hold();
    await compare(host, 'fast');
    expect(look(host)).toEqual(['time', true, '0.5']);
    expect(host.querySelector('figure')).toBe(chart);
    await act(async () => release());
    expect(look(host)).toEqual(['time', true, '0.5']);
    expect(host.querySelector('figure')).toBe(chart);
  });

  it('shows what jobs were given and what came of it', async () => {
    const host = await show();
    expect(host.querySelector('table')).toBeNull();
    await compare(host, 'fast');
    expect(line(host, 'rate')).toBe('0.10.2');
    expect(line(host, 'loss')).toBe('21');
    const leave = host.querySelector('[aria-label="Leave out fast"]');
    await act(async () => (leave as HTMLElement).click());
    expect(host.querySelector('table')).toBeNull();
  });

  it('shows speeds apart from the metrics', async () => {
    const speed = { ...lossOf(7, 8), name: 'it/s', group: 'speed' };
    client.series.set('slow', [speed, lossOf(3, 2)]);
    const host = await show();
    const names = (node: ParentNode | null) =>
      [...(node?.querySelectorAll('figure') ?? [])].map(figure =>
        figure.getAttribute('aria-label')
      );
    expect(names(host)).toEqual(['loss', 'it/s']);
    expect(names(host.querySelector('[aria-label=Speed]'))).toEqual(['it/s']);
  });

  it('says so while there is no metric', async () => {
    client.series.clear();
    const host = await show();
    expect(host.textContent).toContain('No metrics yet.');
  });

  it('says why there is none', async () => {
    client.isDown = true;
    const host = await show();
    expect(host.textContent).toBe('server away');
  });
});
