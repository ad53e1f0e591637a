import { writeFileSync } from 'fs';

import { expect, test } from '@jupyterlab/galata';

import { SageMaker, freshName } from '../tests/helpers';

const JOBS = 30;

/** In the page: note when each row first says each state. */
function watchRows(): void {
  const seen: { [key: string]: number } = {};
  const look = () => {
    const now = Date.now();
    document.querySelectorAll<HTMLElement>('.jp-sm-Row').forEach(row => {
      for (const state of ['Training', 'Completed']) {
        const key = `${row.dataset.job} ${state}`;
        if (!(key in seen) && row.textContent?.includes(state)) {
          seen[key] = now;
        }
      }
    });
  };
  new MutationObserver(look).observe(document.body, {
    characterData: true,
    childList: true,
    subtree: true
  });
  (window as unknown as { seen: typeof seen }).seen = seen;
}

test('a change in the engine is on the screen', async ({ page }) => {
  test.setTimeout(300_000);
  const sm = new SageMaker(page);
  await sm.openNotebook('latency.ipynb');
  await sm.openPanel();
  await page.evaluate(watchRows);
  const late: number[] = [];
  for (let n = 0; n < JOBS; n++) {
    const name = freshName(`late-${n}`);
    await page.notebook.setCell(
      1,
      'code',
      `%%sm train --name ${name}\nimport time; time.sleep(1.2)`
    );
    await page.notebook.runCell(1);
    await expect(sm.row(name)).toContainText('Completed', { timeout: 30_000 });
    const response = await page.request.get(
      `${page.url().split('/lab')[0]}/jupyter-sm/api/jobs/local/training/${name}`
    );
    const job = await response.json();
    const seen = await page.evaluate(
      () => (window as unknown as { seen: { [key: string]: number } }).seen
    );
    for (const state of ['Training', 'Completed']) {
      const step = job.transitions.find(
        (transition: { status: string }) => transition.status === state
      );
      late.push(seen[`${name} ${state}`] - step.start * 1000);
    }
  }
  writeFileSync(
    process.env.LATENCY_RESULTS ?? 'latency.json',
    JSON.stringify(late)
  );
});
