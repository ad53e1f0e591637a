import * as React from 'react';
import { act } from 'react';

import type { IJobActions } from '../../actions';
import { keyOf } from '../../api/client';
import { fakeActions } from '../../__tests__/fakeActions';
import { FakeLog, KEY } from '../../__tests__/fakeLog';
import { pageProps } from '../../__tests__/pageProps';
import { cleanUp, enter, render } from '../../__tests__/render';
import { job } from '../../__tests__/fakeJob';
import type { IJobView } from '../../api/types';
import { LogModel } from '../../model/log';
import { LogPage } from '../log';

describe('LogPage', () => {
  let server: FakeLog;
  let log: LogModel;
  let grown: () => Promise<void>;
  let actions: jest.Mocked<IJobActions>;

  const show = async (entry?: number, more: Partial<IJobView> = {}) => {
    log = new LogModel(server, server.logChanged, KEY);
    grown = () => act(async () => server.logChanged.emit(keyOf(KEY)));
    return render(
      <LogPage
        {...pageProps({ log, actions, entry: entry ?? null, job: job(more) })}
      />
    );
  };
  const rows = (host: HTMLElement) =>
    [...host.querySelectorAll('.jp-sm-Log-line')].map(
      row => row.querySelector('.jp-sm-Log-text')?.textContent
    );
  const press = (element: Element) =>
    act(async () => (element as HTMLElement).click());
  const search = async (host: HTMLElement, text: string) => {
    const field = host.querySelector<HTMLInputElement>('input[type=search]')!;
    await enter(field, text);
    const key = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true });
    await act(async () => void field.dispatchEvent(key));
  };
  const named = (host: HTMLElement, name: string) =>
    [...host.querySelectorAll('button, a')].find(
      one => one.getAttribute('aria-label') === name || one.textContent === name
    )!;

  beforeEach(() => {
    server = new FakeLog();
    actions = fakeActions();
  });

  afterEach(() => {
    cleanUp();
    log.dispose();
  });

  it('shows text that looks like HTML as text', async () => {
    const hostile =
      '<img src=x onerror="alert(1)"><script>alert(2)</script> &amp; <b>';
    server.add(hostile);
    const host = await show();
    expect(host.textContent).toContain(hostile);
    expect(host.querySelector('img, script, b')).toBeNull();
  });

  it('shows what controls a terminal, or turns the direction, as signs', async () => {
    server.add('a\u001b]52;c;YQ==\u0007b\u202ec\u0007 \u001b[31mred');
    const host = await show();
    expect(rows(host)).toEqual(['ab\ufffdc␇ red']);
  });

  it('fetches the rest of a long line when asked, and leads to the download', async () => {
    server.add('x'.repeat(3000), { cut: 300_000 });
    const host = await show();
    await press(named(host, '… 301000 characters more'));
    expect(rows(host)[0]).toContain('103000 characters more: download');
    const link = host.querySelector('.jp-sm-Log-text a')!;
    expect(link.getAttribute('href')).toBe('/log');
    await press(named(host, 'Show less'));
    expect(host.querySelector('.jp-sm-Log-text a')).toBeNull();
  });

  it('shows colours, and no escapes', async () => {
    server.add('\u001b[31mred\u001b[0m');
    const host = await show();
    expect(rows(host)).toEqual(['red']);
    expect(host.querySelector('.jp-sm-ansi-red')?.textContent).toBe('red');
  });

  it('shows lines in order, and those that come', async () => {
    server.grow(1);
    const host = await show();
    server.grow(1);
    await grown();
    expect(rows(host)).toEqual(['line 0', 'line 1']);
  });

  it('draws what can be seen of a long log, not all of it', async () => {
    server.grow(20_000);
    const host = await show();
    expect(rows(host).length).toBeLessThan(100);
    expect(rows(host)).toContain('line 19999');
  });

  it('says what is so while there is no line', async () => {
    const release = server.gate();
    const host = await show();
    expect(host.textContent).toContain('Reading the log…');
    await act(async () => release());
    expect(host.textContent).toContain('Nothing printed yet.');
  });

  it('says why there is no line, once the job is over', async () => {
    const host = await show(undefined, { phase: 'ended' });
    expect(host.textContent).toContain('The job printed nothing.');
    const dropped = await show(undefined, { log_lines: 3 });
    expect(dropped.textContent).toContain('no longer kept here');
  });

  it('says why the log is not all there', async () => {
    const host = await show(undefined, { log_note: 'The rest is gone.' });
    expect(host.querySelector('[role="status"]')?.textContent).toBe(
      'The rest is gone.'
    );
  });

  it('names the host of a line only where there are several', async () => {
    server.add('a');
    const host = await show();
    expect(host.textContent).not.toContain('algo');
    server.add('b', { stream: 'algo-2-99' });
    await grown();
    const streams = [...host.querySelectorAll('.jp-sm-Log-stream')];
    expect(streams.map(one => one.textContent)).toEqual(['algo-1', 'algo-2']);
  });

  it('tells trouble politely and keeps the lines', async () => {
    server.add('kept');
    const host = await show();
    server.isDown = true;
    await grown();
    expect(host.querySelector('[role="status"]')?.textContent).toContain(
      'server away'
    );
    expect(rows(host)).toEqual(['kept']);
  });

  it('filters by severity, and by instance where there are several', async () => {
    server.add('a');
    server.add('b', { stream: 'algo-2-99' });
    const host = await show();
    const choose = (label: string, value: string) =>
      enter(host.querySelector(`select[aria-label="${label}"]`)!, value);
    await choose('Instance', 'algo-2-99');
    expect(rows(host)).toEqual(['b']);
    await choose('Severity', 'warning');
    expect(log.filter).toEqual({ severity: 'warning', stream: 'algo-2-99' });
    expect(host.textContent).toContain('No line fits.');
  });

  it('offers the whole log as a file', async () => {
    const host = await show();
    const link = host.querySelector('a')!;
    expect(link.getAttribute('href')).toBe('/log');
    expect(link.hasAttribute('download')).toBe(true);
  });

  it('unfolds platform lines, and folds them', async () => {
    ['p0', 'p1', 'p2'].forEach(p => server.add(p, { source: 'platform' }));
    const host = await show();
    const fold = () => host.querySelector('.jp-sm-Log-fold')!;
    expect(fold().textContent).toBe('▸ 3 platform lines');
    await press(fold());
    expect(rows(host)).toEqual([undefined, 'p0', 'p1', 'p2']);
    await press(fold());
    expect(rows(host)).toEqual([undefined]);
  });

  it('opens the file of the user that a traceback ends in', async () => {
    server.add(
      [
        'Traceback (most recent call last):',
        '  File "/opt/ml/code/train.py", line 42, in <module>',
        '  File "/usr/lib/python3/site-packages/code/x.py", line 7, in y',
        'ValueError: no'
      ].join('\n'),
      { severity: 'error' }
    );
    const host = await show();
    await press(named(host, 'train.py:42'));
    expect(actions.openSource.mock.calls).toEqual([
      [KEY, '/opt/ml/code/train.py', 42]
    ]);
    await press(named(host, 'Fold traceback'));
    expect(rows(host)).toEqual(['ValueError: no']);
  });

  it('cuts a very long line until all of it is asked for', async () => {
    server.add('x'.repeat(5000));
    const host = await show();
    expect(rows(host)[0]).toMatch(/^x{2000}… 3000 characters more$/);
    await press(named(host, '… 3000 characters more'));
    expect(rows(host)[0]).toMatch(/^x{5000}Show less$/);
  });

  it('draws a progress bar, whatever the text draws', async () => {
    server.add('train:  45%|####5     | 45/100 [00:01<00:01]', {
      source: 'progress'
    });
    const host = await show();
    expect(host.querySelector('progress')?.value).toBe(0.45);
    expect(rows(host)[0]).toBe('train:  45%  45/100 [00:01<00:01]');
  });

  it('marks a plain text wherever it stands, in any case', async () => {
    server.add('Loss: 1 (loss: 0.5)');
    const host = await show();
    await search(host, 'loss: ');
    const marks = [...host.querySelectorAll('mark')];
    expect(marks.map(mark => mark.textContent)).toEqual(['Loss: ', 'loss: ']);
    await search(host, '(');
    expect(host.querySelector('mark')?.textContent).toBe('(');
    expect(rows(host)).toEqual(['Loss: 1 (loss: 0.5)']);
  });

  it('marks an expression where the server found it, through colours', async () => {
    const runaway = '(a+)+$';
    server.add('x');
    server.add(`a\u001b[31mb\u001b[0mc ${'a'.repeat(60)}! ${runaway}`);
    const host = await show();
    await search(host, runaway);
    await press(named(host, 'Regular expression'));
    const marks = [...host.querySelectorAll('mark')];
    expect(marks.map(mark => mark.textContent)).toEqual(['a', 'b', 'c aa']);
    expect(host.querySelector('.jp-sm-ansi-red mark')?.textContent).toBe('b');
  });

  it('marks the entry it was asked to begin at', async () => {
    server.grow(5000);
    const host = await show(1234);
    await act(async () => undefined);
    expect(host.querySelector('.jp-sm-mod-sought')?.textContent).toContain(
      'line 1234'
    );
  });

  it('counts times from the start of the job if asked to', async () => {
    server.add('a');
    const host = await show(undefined, {
      created_at: 1_699_999_900,
      started_at: 1_699_999_990
    });
    await press(named(host, 'Elapsed'));
    expect(host.querySelector('time')?.textContent).toBe('10 s');
  });
});
