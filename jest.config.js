const jestJupyterLab = require('@jupyterlab/testutils/lib/jest-config');
const { compilerOptions } = require('./tsconfig.json');

// Packages that ship ES modules only, which jest must translate.
const esModules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@microsoft/',
  '@rjsf/',
  '@x0k/',
  'exenv-es6',
  'lib0',
  'lodash-es',
  'marked',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

const base = jestJupyterLab(__dirname);

module.exports = {
  ...base,
  automock: false,
  collectCoverage: false,
  reporters: ['default'],
  testRegex: 'src/.*/.*.spec.ts[x]?$',
  modulePathIgnorePatterns: ['build', 'jupyter_sm', '.venv', 'lib'].map(
    folder => `<rootDir>/${folder}/`
  ),
  transform: {
    ...base.transform,
    '^.+\\.tsx?$': [
      'ts-jest',
      {
        tsconfig: {
          ...compilerOptions,
          composite: false,
          incremental: false,
          module: 'commonjs',
          moduleResolution: 'node10',
          noEmitOnError: false,
          outDir: undefined,
          rootDir: undefined
        }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
