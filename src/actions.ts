import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

import type { IJobKey } from './api/client';
import { CommandIDs, jobArgs } from './tokens';

/** What a user can do with a job, wherever it is shown, and with its target. */
export interface IJobActions {
  /** Open the job's tab. */
  open(job: IJobKey): void;
  /** Stop the job, if the user means it. */
  stop(job: IJobKey): void;
  /** Run the job again; `change` makes larger what was too small. */
  runAgain(job: IJobKey, change?: string): void;
  copyName(job: IJobKey): void;
  /** Open the user's own file that the job ran as `file`, at a line from 1. */
  openSource(job: IJobKey, file: string, line: number): void;
  /** Look after the target no longer, if the user means it. */
  removeTarget(target: string): void;
  /** Show all that can be done with the job, below an element. */
  showMenu(job: IJobKey, below: HTMLElement): void;
}

/** The actions as commands, which is where labels, questions and errors are. */
export function jobActions(commands: CommandRegistry): IJobActions {
  const execute = (command: string, job: IJobKey, more = {}) =>
    void commands.execute(command, { ...jobArgs(job), ...more });
  return {
    open: job => execute(CommandIDs.openJob, job),
    stop: job => execute(CommandIDs.stopJob, job),
    runAgain: (job, change) =>
      execute(CommandIDs.runAgain, job, change ? { change } : {}),
    copyName: job => execute(CommandIDs.copyName, job),
    openSource: (job, file, line) =>
      execute(CommandIDs.openSource, job, { file, line }),
    removeTarget: target =>
      void commands.execute(CommandIDs.removeTarget, { target }),
    showMenu: (job, below) => showMenu(commands, job, below)
  };
}

function showMenu(
  commands: CommandRegistry,
  job: IJobKey,
  below: HTMLElement
): void {
  const args = jobArgs(job);
  const menu = new Menu({ commands });
  menu.addItem({ command: CommandIDs.openJob, args });
  menu.addItem({ command: CommandIDs.copyName, args });
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: CommandIDs.runAgain, args });
  menu.addItem({
    command: CommandIDs.runAgain,
    args: { ...args, change: 'choose-instance' }
  });
  menu.addItem({ command: CommandIDs.stopJob, args });
  // The item's command is run after the menu has closed.
  menu.aboutToClose.connect(() => window.setTimeout(() => menu.dispose()));
  const { left, bottom } = below.getBoundingClientRect();
  menu.open(left, bottom);
}
