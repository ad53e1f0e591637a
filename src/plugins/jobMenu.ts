import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Menu } from '@lumino/widgets';

import type { IJobView } from '../api/types';
import type { JobMenu } from '../components/JobSummary';
import { CommandIDs, jobArgs } from '../tokens';

/** The menu of a job, which the panel, the card and the tab show. */
export function jobMenu(app: JupyterFrontEnd): JobMenu {
  return (job: IJobView, below: HTMLElement) => {
    const args = jobArgs(job);
    const menu = new Menu({ commands: app.commands });
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
  };
}
