import { writeFileSync } from 'fs';

import { expect, test } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import { SageMaker } from '../tests/helpers';

const ROUNDS = 15;

/** Milliseconds in the page from doing something until its outcome is drawn. */
function timed(
  page: IJupyterLabPageFixture,
  act: string,
  isDone: string
): Promise<number> {
  return page.evaluate(
    ([act, isDone]) =>
      new Promise<number>(resolve => {
        const begun = performance.now();
        const done = new Function(`return ${isDone}`);
        new Function(act)();
        const look = () =>
          done()
            ? resolve(performance.now() - begun)
            : requestAnimationFrame(look);
        requestAnimationFrame(look);
      }),
    [act, isDone]
  );
}

const clickJob = (name: string) =>
  `document.querySelector('.jp-sm-Row[data-job="${name}"] button').click()`;
const rowsHold = (text: string) =>
  `[...document.querySelectorAll('.jp-sm-Rows-row')].some(row => row.textContent.includes('${text}'))`;

const rowsNear = (line: number) =>
  `[...document.querySelectorAll('.jp-sm-Rows-row')].some(row => Math.abs(Number(/line (\\d+)/.exec(row.textContent)?.[1]) - ${line}) < 2000)`;

test('a log of a million lines, and a hundred curves', async ({ page }) => {
  test.setTimeout(150_000);
  const sm = new SageMaker(page);
  await sm.openPanel();
  await expect(sm.row('million')).toBeVisible();
  const figures: { [name: string]: number[] } = {
    first: [],
    jump: [],
    search: [],
    curves: []
  };
  // Once before it counts, so that the browser has the code.
  await sm.openJob('curves');
  await page
    .locator('.jp-sm-JobTab:visible')
    .getByRole('tab', { name: 'Metrics' })
    .click();
  await expect(page.locator('.jp-sm-Chart canvas').first()).toBeVisible();
  await page.activity.closeAll();
  for (let round = 0; round < ROUNDS; round++) {
    figures.first.push(
      await timed(page, clickJob('million'), rowsHold('line 0999999'))
    );
    const share = (round + 0.5) / ROUNDS;
    figures.jump.push(
      await timed(
        page,
        `const list = document.querySelector('.jp-sm-Rows'); list.scrollTop = ${share} * (list.scrollHeight - list.clientHeight)`,
        rowsNear(share * 1e6)
      )
    );
    const search = page.locator('.jp-sm-JobTab:visible').getByRole('searchbox');
    await search.fill(
      `line 0${String(round * 60_000 + 12_345).padStart(6, '0')}`
    );
    figures.search.push(
      await timed(
        page,
        `document.querySelector('.jp-sm-LogBar input').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))`,
        `document.querySelector('.jp-sm-mod-sought mark')`
      )
    );
    await page.activity.closeAll();
    figures.curves.push(
      (await timed(
        page,
        clickJob('curves'),
        `document.querySelector('.jp-sm-JobTab [role=tab]')`
      )) +
        (await timed(
          page,
          `[...document.querySelectorAll('.jp-sm-JobTab [role=tab]')].find(tab => tab.textContent === 'Metrics').click()`,
          `document.querySelector('.jp-sm-Chart canvas')`
        ))
    );
    await page.activity.closeAll();
  }
  writeFileSync(process.env.LOG_RESULTS ?? 'log.json', JSON.stringify(figures));
});
