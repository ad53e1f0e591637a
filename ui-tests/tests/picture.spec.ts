import { expect, test } from '@jupyterlab/galata';

import { SageMaker, freshName } from './helpers';

/** README's picture: the panel, a training cell with its card, and the log beside it. */
test('the picture in README', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 720 });
  const sm = new SageMaker(page);
  await sm.openNotebook('train.ipynb');
  await sm.openPanel();
  const failed = freshName('churn');
  await sm.run(
    `%%sm train --name ${failed}\nraise KeyError("column 'churned' is missing")`
  );
  await expect(sm.row(failed)).toContainText('Failed');
  const done = freshName('iris');
  await sm.run(
    [
      `%%sm train --name ${done}`,
      'import math',
      'for n in range(1, 9):',
      '    print(f"epoch {n}/8 loss: {math.exp(-n / 3):.4f} accuracy: {1 - math.exp(-n / 2):.4f}")'
    ].join('\n')
  );
  await expect(sm.row(done)).toContainText('Completed');
  const name = freshName('digits');
  await sm.run(
    [
      `%%sm train --name ${name} --epochs 30`,
      'import math, time',
      'for n in range(1, 31):',
      '    print(f"epoch {n}/30 loss: {math.exp(-n / 9):.4f} accuracy: {1 - math.exp(-n / 6):.4f}")',
      '    time.sleep(0.3)'
    ].join('\n')
  );
  const tab = await sm.openJob(name);
  await expect(tab).toContainText('epoch 12/30');
  await page.screenshot({ path: 'screenshots/picture-log.png' });
  await page.activity.activateTab('train.ipynb');
  await expect(sm.card(name)).toContainText(/epoch 1[5-9]\/30/);
  await page.screenshot({ path: 'screenshots/picture.png' });
});
