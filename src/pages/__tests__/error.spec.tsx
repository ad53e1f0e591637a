import * as React from 'react';
import { act } from 'react';

import { pageProps } from '../../__tests__/pageProps';
import { cleanUp, render } from '../../__tests__/render';
import { explanation, job } from '../../__tests__/fakeJob';
import { ErrorPage } from '../error';

describe('ErrorPage', () => {
  afterEach(cleanUp);

  it('tells what failed, why and what to do, and the raw text folded', async () => {
    const title = 'Out of memory';
    const failed = job({
      explanation: explanation({
        title,
        likely_cause: 'The batch is too large.',
        fixes: ['Choose a smaller batch.'],
        raw: '<b>ExitCode 137</b>'
      })
    });
    const host = await render(<ErrorPage {...pageProps({ job: failed })} />);
    const parts = [...host.querySelectorAll('h3, p, li, pre')];
    expect(parts.map(part => part.textContent)).toEqual([
      title,
      'Something happened.',
      'The batch is too large.',
      'Choose a smaller batch.',
      '<b>ExitCode 137</b>'
    ]);
    expect(host.querySelector('details')?.open).toBe(false);
  });

  it('leads to the log, and runs the job again', async () => {
    const failed = job({
      explanation: explanation({
        actions: [
          { kind: 'show-log', line: 7 },
          { kind: 'show-log' },
          { kind: 'more-disk' },
          { kind: 'something-new' }
        ]
      })
    });
    const props = pageProps({ job: failed });
    const host = await render(<ErrorPage {...props} />);
    const buttons = [...host.querySelectorAll('button')];
    buttons.forEach(button => act(() => button.click()));
    expect(buttons.map(button => button.textContent)).toEqual([
      'Show log',
      'Show log',
      'Run with twice the disk'
    ]);
    expect(props.showLog).toHaveBeenNthCalledWith(1, 7);
    expect(props.showLog).toHaveBeenNthCalledWith(2, undefined);
    expect(props.actions.runAgain).toHaveBeenCalledWith(failed, 'more-disk');
  });
});
