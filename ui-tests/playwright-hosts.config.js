// A job trained in a browser, in the environment whose `jupyter` comes first on PATH. Plain
// Playwright: galata fits one version of JupyterLab only.
const base = require('./playwright.config');

const { webServer, ...rest } = base;

module.exports = {
  ...rest,
  testDir: './hosts',
  testMatch: '*.spec.ts',
  outputDir: 'test-results/hosts'
};
