import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { act } from 'react';

import type { IJobActions } from '../../actions';
import type { IJobView } from '../../api/types';
import type { JobsModel } from '../../model/jobs';
import { readErrorCard } from '../../plugins/errorCard';
import { ErrorCard } from '../ErrorCard';
import type { IErrorCardData } from '../ErrorCard';
import { fakeActions } from '../../__tests__/fakeActions';
import { explanation, job } from '../../__tests__/fakeJob';
import { cleanUp, render } from '../../__tests__/render';

const trans = nullTranslator.load('jupyter_sm');
const OUTPUT = {
  version: 1,
  ...explanation({
    what_happened: 'InstanceCount is 0; at least 1.',
    fixes: ['Give 1 or more.']
  }),
  job: null,
  folded: ''
};
const KEY = { target: 'local', kind: 'training', name: 'digits' };

describe('ErrorCard', () => {
  let actions: jest.Mocked<IJobActions>;

  const show = (data: object, own?: IJobView) =>
    render(
      <ErrorCard
        data={readErrorCard(data) as IErrorCardData}
        model={
          {
            changed: new Signal<object, void>({}),
            job: () => own
          } as unknown as JobsModel
        }
        trans={trans}
        actions={actions}
      />
    );

  beforeEach(() => {
    actions = fakeActions();
  });

  afterEach(cleanUp);

  it('says what happened and what to do, and folds the rest', async () => {
    const host = await show({ ...OUTPUT, folded: 'Traceback …' });
    expect(host.textContent).toContain('InstanceCount is 0');
    expect(host.querySelector('li')?.textContent).toBe('Give 1 or more.');
    expect(host.querySelector('details')?.open).toBe(false);
    expect(host.querySelectorAll('button')).toHaveLength(0);
  });

  it("offers what the own store's job offers", async () => {
    const own = job({
      status: 'Failed',
      phase: 'ended',
      explanation: explanation({ actions: [{ kind: 'more-disk' }] })
    });
    const host = await show({ ...OUTPUT, job: KEY }, own);
    const buttons = Array.from(host.querySelectorAll('button'));
    expect(buttons.map(button => button.textContent)).toEqual([
      'Show job',
      'Run with twice the disk'
    ]);
    buttons.forEach(button => act(() => button.click()));
    expect(actions.open).toHaveBeenCalledWith(own);
    expect(actions.runAgain).toHaveBeenCalledWith(own, 'more-disk');
  });

  it('does nothing about a job that is not in the own store', async () => {
    const host = await show({ ...OUTPUT, job: KEY });
    expect(host.querySelectorAll('button, a')).toHaveLength(0);
  });

  it('shows what looks like HTML as text', async () => {
    const host = await show({ ...OUTPUT, what_happened: '<img src=x>' });
    expect(host.querySelector('img')).toBeNull();
    expect(host.textContent).toContain('<img src=x>');
  });
});

describe('readErrorCard', () => {
  it.each([
    ['nothing', undefined],
    ['a list', []],
    ['no title', { ...OUTPUT, title: 3 }],
    ['no words', { ...OUTPUT, what_happened: null }]
  ])('rejects %s', (_, data) => {
    expect(readErrorCard(data)).toBeNull();
  });

  it.each([
    ['fixes', { a: 1 }, []],
    ['fixes', [1, 'Do this.'], ['Do this.']],
    ['job', { ...KEY, name: 3 }, null],
    ['folded', {}, '']
  ])('takes of %s what is right', (member, junk, left) => {
    expect(readErrorCard({ ...OUTPUT, [member]: junk })).toEqual({
      ...readErrorCard(OUTPUT),
      [member]: left
    });
  });
});
