import { CommandRegistry } from '@lumino/commands';

import { jobActions } from '../actions';
import { CommandIDs, JOB_KEY_SCHEMA } from '../tokens';
import { job } from './fakeJob';

describe('jobActions', () => {
  const key = { target: 'local', kind: 'training', name: 'digits' };
  let ran: [string, unknown][];
  let commands: CommandRegistry;

  beforeEach(() => {
    ran = [];
    commands = new CommandRegistry();
    for (const id of Object.values(CommandIDs)) {
      commands.addCommand(id, {
        label: args => (args.change ? `${id} ${args.change}` : id),
        describedBy: { args: JOB_KEY_SCHEMA },
        execute: args => ran.push([id, args])
      });
    }
  });

  afterEach(() => {
    document.querySelectorAll('.lm-Menu').forEach(menu => menu.remove());
  });

  it('are commands on the key of the job', () => {
    const actions = jobActions(commands);
    actions.open(job());
    actions.stop(job());
    actions.runAgain(job());
    actions.runAgain(job(), 'more-disk');
    actions.copyName(job());
    actions.openSource(job(), 'train.py', 42);
    actions.removeTarget('aws');
    expect(ran).toEqual([
      [CommandIDs.openJob, key],
      [CommandIDs.stopJob, key],
      [CommandIDs.runAgain, key],
      [CommandIDs.runAgain, { ...key, change: 'more-disk' }],
      [CommandIDs.copyName, key],
      [CommandIDs.openSource, { ...key, file: 'train.py', line: 42 }],
      [CommandIDs.removeTarget, { target: 'aws' }]
    ]);
  });

  it('are in a menu, below what it is asked for', () => {
    jobActions(commands).showMenu(job(), document.body);
    const items = [...document.querySelectorAll('.lm-Menu-itemLabel')];
    expect(items.map(item => item.textContent).filter(Boolean)).toEqual([
      CommandIDs.openJob,
      CommandIDs.copyName,
      CommandIDs.runAgain,
      `${CommandIDs.runAgain} choose-instance`,
      CommandIDs.stopJob
    ]);
  });
});
