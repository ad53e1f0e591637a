import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Clipboard,
  Dialog,
  ICommandPalette,
  InputDialog,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IJobKey } from '../api/client';
import type { JobsModel } from '../model/jobs';
import { canStop } from '../model/phase';
import {
  CommandIDs,
  IJobsModel,
  JOB_KEY_SCHEMA,
  OPEN_SOURCE_SCHEMA,
  PANEL_ID,
  RUN_AGAIN_SCHEMA,
  TARGET_SCHEMA,
  jobArgs
} from '../tokens';

const ID = 'jupyter_sm:commands';

/** Adds the commands on jobs that the panel, the card and the tab share. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Adds commands to stop SageMaker jobs and to show the panel.',
  autoStart: true,
  requires: [IJobsModel],
  optional: [ITranslator, ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: JobsModel,
    translator: ITranslator | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_sm');

    app.commands.addCommand(CommandIDs.stopJob, {
      label: trans.__('Stop'),
      describedBy: { args: JOB_KEY_SCHEMA },
      isEnabled: args => {
        const job = model.job(args as unknown as IJobKey);
        return job !== undefined && canStop(job);
      },
      execute: async args => {
        const key = args as unknown as IJobKey;
        const own = await settings?.get(ID, 'confirmStop').catch(() => null);
        if (own?.composite !== false) {
          const answer = await showDialog({
            title: trans.__('Stop %1?', key.name),
            body: trans.__(
              'The script gets a signal and some time to save its work. A stopped job can not go on.'
            ),
            buttons: [
              Dialog.cancelButton(),
              Dialog.warnButton({ label: trans.__('Stop') })
            ]
          });
          if (!answer.button.accept) {
            return;
          }
        }
        try {
          await model.stop(key);
        } catch (error) {
          await showErrorMessage(
            trans.__('%1 was not stopped', key.name),
            error instanceof Error ? error.message : String(error)
          );
        }
      }
    });

    app.commands.addCommand(CommandIDs.runAgain, {
      label: args =>
        args.change === 'choose-instance'
          ? trans.__('Run on another instance…')
          : trans.__('Run again'),
      describedBy: { args: RUN_AGAIN_SCHEMA },
      execute: async args => {
        const key = args as unknown as IJobKey;
        try {
          let change =
            typeof args.change === 'string' ? args.change : undefined;
          if (change === 'choose-instance') {
            const answer = await InputDialog.getText({
              title: trans.__('Run %1 on another instance', key.name),
              label: trans.__('Instance type'),
              text: model.job(key)?.instance_type ?? '',
              okLabel: trans.__('Run again')
            });
            if (!answer.button.accept || !answer.value) {
              return;
            }
            change = `instance=${answer.value.trim()}`;
          }
          const job = await model.runAgain(key, change);
          await app.commands.execute(CommandIDs.openJob, jobArgs(job));
        } catch (error) {
          await showErrorMessage(
            trans.__('%1 was not run again', key.name),
            error instanceof Error ? error.message : String(error)
          );
        }
      }
    });

    app.commands.addCommand(CommandIDs.copyName, {
      label: trans.__('Copy name'),
      describedBy: { args: JOB_KEY_SCHEMA },
      execute: args => Clipboard.copyToSystem(String(args.name))
    });

    app.commands.addCommand(CommandIDs.openSource, {
      label: trans.__('Open source'),
      describedBy: { args: OPEN_SOURCE_SCHEMA },
      execute: async args => {
        const file = String(args.file);
        try {
          const key = args as unknown as IJobKey;
          const path = await model.sourcePath(key, file);
          const widget = await app.commands.execute('docmanager:open', {
            path,
            factory: 'Editor'
          });
          await goTo(
            widget as IEditorWidget | undefined,
            Number(args.line) - 1
          );
        } catch (error) {
          await showErrorMessage(
            trans.__('%1 was not opened', file),
            error instanceof Error ? error.message : String(error)
          );
        }
      }
    });

    app.commands.addCommand(CommandIDs.removeTarget, {
      label: trans.__('Remove target'),
      describedBy: { args: TARGET_SCHEMA },
      execute: async args => {
        const name = String(args.target);
        const answer = await showDialog({
          title: trans.__('Remove %1?', name),
          body: trans.__(
            'It is looked after no longer, and its jobs leave the list. On AWS nothing changes.'
          ),
          buttons: [
            Dialog.cancelButton(),
            Dialog.warnButton({ label: trans.__('Remove') })
          ]
        });
        if (!answer.button.accept) {
          return;
        }
        try {
          await model.removeTarget(name);
        } catch (error) {
          await showErrorMessage(
            trans.__('%1 was not removed', name),
            error instanceof Error ? error.message : String(error)
          );
        }
      }
    });

    app.commands.addCommand(CommandIDs.openPanel, {
      label: trans.__('Show SageMaker jobs'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(PANEL_ID)
    });
    palette?.addItem({
      command: CommandIDs.openPanel,
      category: trans.__('SageMaker')
    });
  }
};

/** What we need of a document widget with a text editor. */
interface IEditorWidget {
  context: { ready: Promise<void> };
  content: {
    editor?: {
      setCursorPosition(position: { line: number; column: number }): void;
      revealPosition(position: { line: number; column: number }): void;
    };
  };
}

/** Put the cursor of a file's editor at the beginning of a line, from 0. */
async function goTo(
  widget: IEditorWidget | undefined,
  line: number
): Promise<void> {
  await widget?.context.ready;
  const position = { line, column: 0 };
  widget?.content.editor?.setCursorPosition(position);
  widget?.content.editor?.revealPosition(position);
}
