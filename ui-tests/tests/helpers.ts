import { expect } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

/** What a test does with the extension, in the user's words. */
export class SageMaker {
  constructor(readonly page: IJupyterLabPageFixture) {}

  /** Open a fresh notebook with the magics loaded. */
  async openNotebook(name: string): Promise<void> {
    await this.page.notebook.createNew(name);
    await this.page.notebook.setCell(0, 'code', '%load_ext jupyter_sm');
    await this.page.notebook.runCell(0);
  }

  /** Append a cell and run it; waits until the cell has returned. */
  async run(source: string): Promise<number> {
    const count = await this.page.notebook.getCellCount();
    await this.page.notebook.addCell('code', source);
    await this.page.notebook.runCell(count);
    return count;
  }

  async openPanel(): Promise<void> {
    await this.page.sidebar.openTab('jupyter-sm-panel');
  }

  /** The row of a job in the panel. */
  row(name: string): Locator {
    return this.page.locator(`.jp-sm-Row[data-job="${name}"]`);
  }

  /** The card of a job under its cell. */
  card(name: string): Locator {
    return this.page.locator(`.jp-sm-Card[data-job="${name}"]`);
  }

  /** Open a job's tab from the panel. */
  async openJob(name: string): Promise<Locator> {
    await this.row(name).getByRole('button', { name, exact: true }).click();
    const tab = this.page.locator('.jp-sm-JobTab:visible');
    await expect(tab).toBeVisible();
    return tab;
  }
}

/** A script that prints `count` numbered lines, one every `seconds`. */
export function countingScript(count: number, seconds: number): string {
  return [
    'import time',
    `for n in range(1, ${count} + 1):`,
    `    print(f"epoch {n}/${count} loss: {1 / n:.4f} accuracy: {1 - 1 / n:.4f} line-{n:03d}", flush=True)`,
    `    time.sleep(${seconds})`
  ].join('\n');
}

/** A job name that no other run of the tests has. */
export function freshName(base: string): string {
  return `${base}-${Date.now().toString(36)}`;
}
