import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { cardPlugin } from './plugins/card';
import { commandsPlugin } from './plugins/commands';
import { errorCardPlugin } from './plugins/errorCard';
import { jobTabPlugin } from './plugins/jobTab';
import { modelPlugin } from './plugins/model';
import { panelPlugin } from './plugins/panel';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  modelPlugin,
  commandsPlugin,
  jobTabPlugin,
  panelPlugin,
  cardPlugin,
  errorCardPlugin
];

export default plugins;
