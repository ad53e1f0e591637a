import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { act } from 'react';
import { createRoot } from 'react-dom/client';

import type { ILogFilter } from '../../api/client';
import type { ILogRecord } from '../../api/types';
import type { LogModel } from '../../model/log';
import { LogView } from '../LogView';

declare global {
  // React asks for this flag, so that act() takes in what effects do.
  var IS_REACT_ACT_ENVIRONMENT: boolean;
}

interface IRoot {
  render(element: JSX.Element): void;
  unmount(): void;
}

let unmounts: (() => void)[] = [];

/** Render an element into the document; `act` for what follows. */
async function render(element: JSX.Element): Promise<HTMLElement> {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  const host = document.body.appendChild(document.createElement('div'));
  const root: IRoot = createRoot(host);
  unmounts.push(() => {
    act(() => root.unmount());
    host.remove();
  });
  await act(async () => root.render(element));
  return host;
}

/** Take everything away that was rendered. */
function cleanUp(): void {
  unmounts.forEach(unmount => unmount());
  unmounts = [];
}

const trans = nullTranslator.load('jupyter_sm');

function record(seq: number, text: string, stream = 'algo-1-99'): ILogRecord {
  return {
    seq,
    text,
    stream,
    timestamp_ms: 0,
    severity: 'info',
    source: 'user'
  };
}

/** What a LogView asks of its model. */
class FakeLog {
  records: ILogRecord[] = [];
  filter: ILogFilter = {};
  address = '/log';
  setFilter = jest.fn((filter: ILogFilter) => {
    this.filter = filter;
  });
  hasEarlier = false;
  error: string | null = null;
  isLoaded = true;
  changed = new Signal<FakeLog, void>(this);
  loadEarlier = jest.fn(async () => undefined);
}

describe('LogView', () => {
  let log: FakeLog;

  const show = () =>
    render(
      <LogView
        log={log as unknown as LogModel}
        trans={trans}
        empty="Nothing yet."
      />
    );
  const lines = (host: HTMLElement) => host.querySelector('[role="log"]')!;

  beforeEach(() => {
    log = new FakeLog();
  });

  afterEach(cleanUp);

  it('shows text that looks like HTML as text', async () => {
    const hostile =
      '<img src=x onerror="alert(1)"><script>alert(2)</script> &amp; <b>';
    log.records = [record(0, hostile)];
    const host = await show();
    expect(host.textContent).toContain(hostile);
    expect(host.querySelector('img, script, b')).toBeNull();
  });

  it('takes colours out of a line', async () => {
    log.records = [record(0, '\u001b[31mred\u001b[0m')];
    const host = await show();
    expect(lines(host).textContent).toMatch(/red$/);
  });

  it('shows lines in order, and those that come', async () => {
    log.records = [record(0, 'first')];
    const host = await show();
    log.records = [...log.records, record(1, 'second')];
    act(() => log.changed.emit());
    expect(host.textContent).toMatch(/first.*second/);
  });

  it('says what is so while there is no line', async () => {
    log.isLoaded = false;
    const host = await show();
    expect(host.textContent).toContain('Reading the log…');
    log.isLoaded = true;
    act(() => log.changed.emit());
    expect(host.textContent).toContain('Nothing yet.');
  });

  it('names the host of a line only where there are several', async () => {
    log.records = [record(0, 'a')];
    const host = await show();
    expect(host.textContent).not.toContain('algo');
    log.records = [record(0, 'a'), record(1, 'b', 'algo-2-99')];
    act(() => log.changed.emit());
    expect(host.textContent).toContain('algo-1');
    expect(host.textContent).toContain('algo-2');
    expect(host.textContent).not.toContain('algo-2-99');
  });

  it('tells trouble politely and keeps the lines', async () => {
    log.records = [record(0, 'kept')];
    log.error = 'server away';
    const host = await show();
    expect(host.querySelector('[role="status"]')?.textContent).toContain(
      'server away'
    );
    expect(host.textContent).toContain('kept');
  });

  it('filters by severity, and by instance where there are several', async () => {
    log.records = [record(0, 'a'), record(1, 'b', 'algo-2-99')];
    const host = await show();
    const [severity, instance] = host.querySelectorAll('select');
    const choose = (select: HTMLSelectElement, value: string) =>
      act(() => {
        select.value = value;
        select.dispatchEvent(new Event('change', { bubbles: true }));
      });
    choose(severity, 'warning');
    expect(log.setFilter).toHaveBeenLastCalledWith({ severity: 'warning' });
    choose(instance, 'algo-2-99');
    expect(log.setFilter).toHaveBeenLastCalledWith({
      severity: 'warning',
      stream: 'algo-2-99'
    });
    log.records = [];
    act(() => log.changed.emit());
    expect(host.textContent).toContain('No line fits.');
    expect(instance.options).toHaveLength(3);
  });

  it('offers the whole log as a file', async () => {
    const host = await show();
    const link = host.querySelector('a')!;
    expect(link.getAttribute('href')).toBe('/log');
    expect(link.hasAttribute('download')).toBe(true);
  });

  it('offers earlier lines only when there are some', async () => {
    log.records = [record(0, 'a')];
    const host = await show();
    expect(host.querySelector('button')).toBeNull();
    log.hasEarlier = true;
    act(() => log.changed.emit());
    const button = host.querySelector('button')!;
    expect(button.textContent).toBe('Show earlier lines');
    act(() => button.click());
    expect(log.loadEarlier).toHaveBeenCalledTimes(1);
  });
});
