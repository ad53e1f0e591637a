// The browser benchmark: the same server and browser as the tests, other files.
const testConfig = require('./playwright.config');

module.exports = { ...testConfig, testDir: './bench', testMatch: '*.bench.ts' };
