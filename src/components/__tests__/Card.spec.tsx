import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { act } from 'react';

import type { IJobActions } from '../../actions';
import { keyOf } from '../../api/client';
import type { IJobKey } from '../../api/client';
import type { IJobView } from '../../api/types';
import type { JobsModel } from '../../model/jobs';
import { readCard } from '../../plugins/card';
import { Card } from '../Card';
import type { ICardData } from '../Card';
import { fakeActions } from '../../__tests__/fakeActions';
import { cleanUp, render } from '../../__tests__/render';
import { explanation, job } from '../../__tests__/fakeJob';

const trans = nullTranslator.load('jupyter_sm');

function cardOf(snapshot: IJobView): ICardData {
  const { target, kind, name, submission_id } = snapshot;
  return { target, kind, name, submission_id, snapshot };
}

/** The user's own store, as far as a card asks it. */
class FakeModel {
  constructor(...jobs: IJobView[]) {
    this.own = jobs;
  }

  own: IJobView[];
  isLoaded = true;
  changed = new Signal<FakeModel, void>(this);
  logChanged = new Signal<FakeModel, string>(this);

  trouble: string | null = null;

  troubleOf(): string | null {
    return this.trouble;
  }

  job(key: IJobKey): IJobView | undefined {
    return this.own.find(own => keyOf(own) === keyOf(key));
  }
}

describe('Card', () => {
  let actions: jest.Mocked<IJobActions>;

  const show = (data: ICardData, model: FakeModel) =>
    render(
      <Card
        data={data}
        model={model as unknown as JobsModel}
        trans={trans}
        actions={actions}
      />
    );
  const stopButton = (host: HTMLElement) =>
    Array.from(host.querySelectorAll('button')).find(button =>
      (button.getAttribute('aria-label') ?? '').startsWith('Stop')
    );

  beforeEach(() => {
    actions = fakeActions();
  });

  afterEach(cleanUp);

  it('folds away what the target noted, and says how much', async () => {
    const noted = job({
      notes: ['MaxWait counts for nothing here.', 'No model']
    });
    const host = await show(cardOf(noted), new FakeModel(noted));
    const notes = host.querySelector('.jp-sm-Card-notes') as HTMLDetailsElement;
    expect(notes.open).toBe(false);
    expect(notes.querySelector('summary')?.textContent).toBe('2 notes');
    expect(notes.textContent).toContain('MaxWait counts for nothing here.');
    const plain = job({ name: 'plain', notes: [] });
    const other = await show(cardOf(plain), new FakeModel(plain));
    expect(other.querySelector('.jp-sm-Card-notes')).toBeNull();
  });

  it('has a stop button while its own job runs', async () => {
    const own = job();
    const host = await show(
      cardOf(job({ status: 'Submitting' })),
      new FakeModel(own)
    );
    expect(host.textContent).toContain('Training');
    act(() => stopButton(host)?.click());
    expect(actions.stop).toHaveBeenCalledWith(own);
  });

  it('has no stop button once the job is being stopped or has ended', async () => {
    const model = new FakeModel(job());
    const host = await show(cardOf(job()), model);
    expect(stopButton(host)).toBeDefined();
    model.own = [job({ stop_requested: true })];
    act(() => model.changed.emit());
    expect(stopButton(host)).toBeUndefined();
    model.own = [job({ status: 'Completed', phase: 'ended' })];
    act(() => model.changed.emit());
    expect(stopButton(host)).toBeUndefined();
    expect(host.textContent).toContain('Completed');
  });

  it('has a menu, and runs an ended job again', async () => {
    const ended = job({ status: 'Completed', phase: 'ended' });
    const host = await show(cardOf(job()), new FakeModel(ended));
    const [name, menu, again] = Array.from(host.querySelectorAll('button'));
    expect(name.textContent).toBe('digits');
    act(() => menu.click());
    expect(actions.showMenu).toHaveBeenCalledWith(ended, menu);
    expect(again.getAttribute('aria-label')).toBe('Run digits again');
    act(() => again.click());
    expect(actions.runAgain).toHaveBeenCalledWith(ended);
  });

  it('says why its target can not be reached, while the job goes on', async () => {
    const model = new FakeModel(job());
    model.trouble = 'Session for profile team expired.';
    const host = await show(cardOf(job()), model);
    expect(host.textContent).toContain('Session for profile team expired.');
    model.own = [job({ status: 'Completed', phase: 'ended' })];
    act(() => model.changed.emit());
    expect(host.textContent).not.toContain('Session for profile');
  });

  it('offers what the explanation of a failure offers', async () => {
    const failed = job({
      status: 'Failed',
      phase: 'ended',
      explanation: explanation({
        fixes: ['Choose an instance with more memory.'],
        actions: [
          { kind: 'show-log', line: 7 },
          { kind: 'next-larger-instance' },
          { kind: 'choose-instance' }
        ]
      })
    });
    const host = await show(cardOf(job()), new FakeModel(failed));
    expect(host.textContent).toContain('Choose an instance with more memory.');
    const buttons = Array.from(
      host.querySelectorAll<HTMLButtonElement>('.jp-sm-Error-actions button')
    );
    expect(buttons.map(button => button.textContent)).toEqual([
      'Show error',
      'Run on the next larger instance',
      'Run on another instance…'
    ]);
    buttons.forEach(button => act(() => button.click()));
    expect(actions.open).toHaveBeenCalledWith(failed);
    expect(actions.runAgain.mock.calls).toEqual([
      [failed, 'larger-instance'],
      [failed, 'choose-instance']
    ]);
  });

  it('is a snapshot without any button when the job is not in the own store', async () => {
    const host = await show(cardOf(job()), new FakeModel());
    expect(host.textContent).toContain('digits');
    expect(host.textContent).toContain('As it was when the cell ran.');
    expect(host.querySelectorAll('button, a, input, details')).toHaveLength(0);
  });

  it('is a snapshot without any button when the own job of that name is another', async () => {
    const own = job({ submission_id: 'mine', secondary_status: 'Uploading' });
    const foreign = job({ submission_id: 'theirs' });
    const host = await show(cardOf(foreign), new FakeModel(own));
    expect(host.textContent).toContain('Training');
    expect(host.textContent).not.toContain('Uploading');
    expect(host.querySelectorAll('button, a, input, details')).toHaveLength(0);
  });

  it('is a snapshot while the store is not loaded, without saying so', async () => {
    const model = new FakeModel();
    model.isLoaded = false;
    const host = await show(cardOf(job()), model);
    expect(host.textContent).not.toContain('As it was');
    expect(host.querySelectorAll('button')).toHaveLength(0);
  });

  it('becomes live when the store has its job', async () => {
    const model = new FakeModel();
    const host = await show(cardOf(job()), model);
    model.own = [job()];
    act(() => model.changed.emit());
    expect(stopButton(host)).toBeDefined();
    expect(host.textContent).not.toContain('As it was');
  });

  it('shows a name that looks like HTML as text', async () => {
    const name = '<img src=x onerror=alert(1)>';
    const host = await show(cardOf(job({ name })), new FakeModel());
    expect(host.textContent).toContain(name);
    expect(host.querySelector('img')).toBeNull();
  });

  it.each([
    ['instance_type', { toString: 1, valueOf: 1 }],
    ['secondary_status', { toString: 1, valueOf: 1 }],
    ['instance_count', ['<b>']],
    ['modified_at', 'soon'],
    ['ended_at', {}]
  ])('bears a foreign snapshot with junk as %s', async (member, junk) => {
    const data = readCard(cardOf({ ...job(), [member]: junk } as IJobView));
    if (data) {
      const host = await show(data, new FakeModel());
      expect(host.textContent).toContain('digits');
      expect(host.textContent).not.toMatch(/NaN|undefined|\[object/);
    } else {
      expect(data).toBeNull();
    }
  });
});

describe('readCard', () => {
  const card = (more: object = {}) => ({
    version: 1,
    ...cardOf(job()),
    ...more
  });

  it('reads what the notebook side wrote', () => {
    expect(readCard(JSON.parse(JSON.stringify(card())))).toEqual(cardOf(job()));
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'card'],
    ['a number', 3],
    ['a list', [1]],
    ['an empty object', {}],
    ['no snapshot', card({ snapshot: undefined })],
    ['a snapshot that is a text', card({ snapshot: 'x' })],
    ['a name that is no text', card({ name: { a: 1 } })],
    ['no target', card({ target: undefined })],
    ['a kind that is no text', card({ kind: 3 })],
    ['a snapshot without a name', card({ snapshot: { ...job(), name: null } })],
    ['a status that is no text', card({ snapshot: { ...job(), status: 1 } })],
    [
      'a time that is no number',
      card({ snapshot: { ...job(), created_at: 'x' } })
    ],
    ['an end that is no boolean', card({ snapshot: { ...job(), phase: 7 } })]
  ])('rejects %s', (_, data) => {
    expect(readCard(data)).toBeNull();
  });

  it('strips the structured parts of a snapshot', () => {
    const full = job({
      explanation: explanation(),
      metric: { name: 'loss', value: 1, recent: [1] },
      progress: {
        current: 1,
        total: 2,
        unit: 'epoch',
        percent: 50,
        ends_at: null
      },
      transitions: [{ status: 'Training', start: 0, end: null, message: '' }]
    });
    expect(readCard(cardOf(full))?.snapshot).toEqual(job());
  });

  it('takes a card without a submission as one of nobody', () => {
    expect(
      readCard(card({ submission_id: undefined }))?.submission_id
    ).toBeNull();
  });
});
