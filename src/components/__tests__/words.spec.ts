import { nullTranslator } from '@jupyterlab/translation';

import type { IJobView, ITransition } from '../../api/types';
import { shapeOf } from '../StatusIcon';
import { stepsOf } from '../Timeline';
import {
  duration,
  elapsed,
  figure,
  place,
  shortCause,
  stateInWords,
  timeLeft
} from '../words';
import { explanation, job } from '../../__tests__/fakeJob';

const trans = nullTranslator.load('jupyter_sm');

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [0.9, '0 s'],
    [45, '45 s'],
    [59.99, '59 s'],
    [60, '1 m 0 s'],
    [130, '2 m 10 s'],
    [3599, '59 m 59 s'],
    [3600, '1 h 0 m'],
    [3780, '1 h 3 m'],
    [100_000, '27 h 46 m'],
    [-5, '0 s']
  ])('says %d seconds as %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});

describe('elapsed', () => {
  it('counts until now while the job runs, until its end afterwards', () => {
    expect(elapsed(job({ created_at: 100 }), 160)).toBe(60);
    expect(elapsed(job({ created_at: 100, ended_at: 130 }), 160)).toBe(30);
  });
});

describe('stateInWords', () => {
  const progress = {
    unit: 'epoch',
    current: 12,
    total: 30,
    percent: 39.6,
    ends_at: null
  };

  it('says how far the training is', () => {
    expect(stateInWords(job({ progress }), trans)).toBe(
      'Training · epoch 12/30 · 40\u00a0%'
    );
  });

  it('says how much is uploaded before the target has the job', () => {
    const staged = job({
      status: 'Submitting',
      secondary_status: 'Staging',
      progress: {
        unit: 'bytes',
        current: 12_897_485,
        total: 3 << 29,
        percent: 0.8,
        ends_at: null
      }
    });
    expect(stateInWords(staged, trans)).toBe(
      'Submitting · 12.3 MiB of 1.5 GiB uploaded'
    );
  });

  it('leaves out a total and a percentage that are not known', () => {
    const known = { ...progress, total: null, percent: null };
    expect(stateInWords(job({ progress: known }), trans)).toBe(
      'Training · epoch 12'
    );
  });

  it('says no progress outside of training', () => {
    const uploading = job({ progress, secondary_status: 'Uploading' });
    expect(stateInWords(uploading, trans)).toBe('Uploading');
  });

  it('passes a status through that it does not know', () => {
    expect(stateInWords(job({ status: 'Hibernating' }), trans)).toBe(
      'Hibernating'
    );
    expect(stateInWords(job({ secondary_status: 'Warming' }), trans)).toBe(
      'Warming'
    );
  });

  it('says the status where there is no secondary one', () => {
    expect(stateInWords(job({ secondary_status: '' }), trans)).toBe(
      'InProgress'
    );
  });

  it('says Stopping as soon as a stop is asked for, but not after the end', () => {
    expect(stateInWords(job({ stop_requested: true }), trans)).toBe('Stopping');
    const stopped = job({
      stop_requested: true,
      status: 'Stopped',
      phase: 'ended'
    });
    expect(stateInWords(stopped, trans)).toBe('Stopped');
  });

  it.each(['Failed', 'Rejected'])('says why a job is %s', status => {
    const named = explanation({
      entities: { error: 'FileNotFoundError: no train.csv' }
    });
    const ended = { status, phase: 'ended' };
    expect(stateInWords(job({ ...ended, explanation: named }), trans)).toBe(
      `${status} · FileNotFoundError`
    );
    expect(stateInWords(job(ended), trans)).toBe(status);
  });

  it('takes the title of the explanation where no exception is named', () => {
    const title = 'Disk full';
    const failed = job({ explanation: explanation({ title }) });
    expect(shortCause(failed)).toBe('Disk full');
  });
});

describe('place and figure', () => {
  it('says where and how big', () => {
    expect(place(job({ instance_count: 2 }))).toBe('ml.m5.large × 2 · local');
  });

  it.each([
    [0.91423, '0.9142'],
    [3, '3'],
    [0, '0'],
    [-0.00012346, '-0.0001235'],
    [NaN, '–'],
    [Infinity, '–']
  ])('shows %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

/** Transitions one after the other, each `status` for `seconds`; the last goes on. */
function transitions(...spans: [string, number][]): ITransition[] {
  let time = 0;
  return spans.map(([status, seconds], index) => {
    const start = time;
    time += seconds;
    const isLast = index === spans.length - 1;
    return { status, start, end: isLast ? null : time, message: '' };
  });
}

const stepsInWords = (more: Parameters<typeof job>[0], now = 100) =>
  stepsOf(job(more), now).map(step => `${step.status} ${step.when}`);

describe('stepsOf', () => {
  it('shows the steps behind, the one now and those ahead', () => {
    const steps = stepsOf(
      job({
        transitions: transitions(
          ['Pending', 2],
          ['Downloading', 1],
          ['Training', 0]
        )
      }),
      133
    );
    expect(steps).toEqual([
      { status: 'Pending', seconds: 2, when: 'past' },
      { status: 'Downloading', seconds: 1, when: 'past' },
      { status: 'Training', seconds: 130, when: 'now' },
      { status: 'Uploading', seconds: null, when: 'ahead' },
      { status: 'Completed', seconds: null, when: 'ahead' }
    ]);
  });

  it('shows all that is ahead before anything happened', () => {
    expect(stepsInWords({ status: 'Submitting', transitions: [] })).toEqual([
      'Pending ahead',
      'Downloading ahead',
      'Training ahead',
      'Uploading ahead',
      'Completed ahead'
    ]);
  });

  it('shows nothing ahead of a job that ended, and no time for its end', () => {
    const steps = stepsOf(
      job({
        status: 'Failed',
        phase: 'ended',
        transitions: transitions(['Pending', 2], ['Training', 5], ['Failed', 0])
      }),
      1000
    );
    expect(steps).toEqual([
      { status: 'Pending', seconds: 2, when: 'past' },
      { status: 'Training', seconds: 5, when: 'past' },
      { status: 'Failed', seconds: null, when: 'past' }
    ]);
  });

  it('shows nothing ahead of a job that is being stopped', () => {
    expect(
      stepsInWords({
        status: 'Stopping',
        transitions: transitions(['Training', 5], ['Stopping', 0])
      })
    ).toEqual(['Training past', 'Stopping now']);
  });

  it.each([
    ['Submitting', 'submitting', ['InProgress ahead', 'Completed ahead']],
    ['InProgress', 'open', ['InProgress now', 'Completed ahead']],
    ['Stopping', 'open', ['Stopping now']],
    ['Failed', 'ended', ['Failed past']]
  ])('knows kinds that have a status only: %s', (status, phase, expected) => {
    const told = { kind: 'processing', status, phase, transitions: [] };
    expect(stepsInWords({ ...told, secondary_status: status })).toEqual(
      expected
    );
  });

  it('leaves out what was over in a blink, but never the last', () => {
    const brief = transitions(
      ['Pending', 0.01],
      ['Downloading', 0.06],
      ['Training', 0]
    );
    expect(stepsInWords({ transitions: brief }, 0.07).slice(0, 2)).toEqual([
      'Downloading past',
      'Training now'
    ]);
  });

  it('shows the training ahead again after a spot interruption', () => {
    const interrupted = transitions(
      ['Downloading', 5],
      ['Training', 50],
      ['Interrupted', 5],
      ['Downloading', 0]
    );
    expect(stepsInWords({ transitions: interrupted })).toEqual([
      'Downloading past',
      'Training past',
      'Interrupted past',
      'Downloading now',
      'Training ahead',
      'Uploading ahead',
      'Completed ahead'
    ]);
  });
});

describe('shapeOf', () => {
  it.each([
    ['Completed', 'Completed', 'completed'],
    ['Failed', 'Failed', 'failed'],
    ['Rejected', '', 'failed'],
    ['Stopped', 'Stopped', 'stopped'],
    ['Submitting', '', 'waiting'],
    ['InProgress', 'Pending', 'waiting'],
    ['InProgress', 'Training', 'running'],
    ['Stopping', 'Stopping', 'running'],
    ['Hibernating', 'Later', 'running']
  ])('gives %s (%s) the shape %s', (status, secondary_status, shape) => {
    expect(shapeOf(job({ status, secondary_status }))).toBe(shape);
  });
});

describe('timeLeft', () => {
  const left = (ends_at: number | null, more: Partial<IJobView> = {}) =>
    timeLeft(
      job({
        progress: { unit: 'epoch', current: 1, total: 9, percent: 9, ends_at },
        ...more
      }),
      1000,
      trans
    );

  it('says about how long it takes, and nothing once it is over', () => {
    expect(left(1180)).toBe('~3 m left');
    expect(left(1033)).toBe('~30 s left');
    expect(left(1000 + 4800)).toBe('~1 h 20 m left');
    expect([left(null), left(900), left(1180, { phase: 'ended' })]).toEqual([
      '',
      '',
      ''
    ]);
  });
});
