/** Who may import whom: docs/design says why. `npm run cycles` */
const DIALECTS = '^src/brokers/[^/]+/simulat(or|ed)[^/]*[.]ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-stands-alone',
      comment: 'The rules know nothing of what carries them out.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/', pathNot: '^src/core/' },
    },
    {
      name: 'folders-know-core-only',
      comment: 'What connects two folders is wired in src/app, or by a command in src/cli.',
      severity: 'error',
      from: { path: '^src/(?!app[./]|cli/)([^/]+)', pathNot: '^src/simulator/' },
      to: { path: '^src/', pathNot: ['^src/core/', '^src/$1(/|$)'] },
    },
    {
      name: 'simulator-knows-core-and-the-registry',
      comment: 'It gets at the dialects by way of the registry, as the service gets at the brokers.',
      severity: 'error',
      from: { path: '^src/simulator/' },
      to: { path: '^src/', pathNot: '^src/(core/|simulator/|brokers/index[.]ts$)' },
    },
    {
      name: 'commands-use-the-app',
      comment: 'src/app starts and stops without a command line.',
      severity: 'error',
      from: { path: '^src/app[./]' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'brokers-are-strangers',
      comment: 'Two brokers that share code share an assumption, and one of them will break it.',
      severity: 'error',
      from: { path: '^src/brokers/([^/]+)/' },
      to: { path: '^src/brokers/[^/]+/', pathNot: '^src/brokers/$1/' },
    },
    {
      name: 'dialects-are-not-loaded-in-production',
      comment:
        'Only a dialect imports a dialect; a broker names its own by import(), for the simulator to call.',
      severity: 'error',
      from: { path: '^src/', pathNot: DIALECTS },
      to: { path: DIALECTS, dynamic: false },
    },
    {
      name: 'dialects-are-named-by-their-broker',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/brokers/[^/]+/index[.]ts$' },
      to: { path: DIALECTS, dynamic: true },
    },
    {
      name: 'simulator-is-started-by-app-and-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app[./]|cli/|simulator/)' },
      to: { path: '^src/simulator/' },
    },
    {
      name: 'service-knows-no-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'benches-stand-alone',
      comment: 'What is measured is a process of its own; a bench takes from src only what starts a Redis.',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: '^(src|test)/', pathNot: '^src/(redis/(provision|embedded/server)|core/clock)[.]ts$' },
    },
    {
      name: 'service-runs-on-dependencies',
      comment: 'What src imports is there after `npm ci --omit=dev`.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'imports-exist',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
