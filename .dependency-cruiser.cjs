/**
 * Who may import whom: ARCHITECTURE, "The tree", as rules that `npm run imports` and test/architecture.test.ts check.
 *
 * Type imports count: a type is knowledge too, and a cycle of types is a cycle. Tests may reach for anything, except that
 * nothing imports a test.
 */

const TEST = '\\.test\\.ts$';

/** One folder of src and the folders of src that it may import; npm packages and Node's own modules are ruled below. */
const MAY_IMPORT = {
  core: [],
  config: ['core'],
  engine: ['core', 'config'],
  landing: ['core', 'config'],
  store: ['core', 'config', 'engine', 'landing'],
  catalog: ['core', 'config', 'engine'],
  sources: ['core', 'config', 'landing'],
  alerts: ['core', 'config'],
  render: ['core'],
  verifier: [],
  evidence: ['core', 'config', 'landing', 'verifier'],
  answers: ['core', 'config', 'engine', 'landing', 'store', 'catalog', 'evidence'],
  operations: ['core', 'config', 'landing'],
  pipeline: ['core', 'config', 'engine', 'landing', 'store', 'catalog', 'sources', 'alerts', 'render', 'verifier', 'evidence', 'answers'],
  web: ['core', 'config', 'store', 'pipeline', 'answers'],
  cli: ['core', 'config', 'store', 'operations', 'verifier', 'evidence', 'pipeline', 'answers', 'web'],
};

const layers = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-layer`,
  comment: allowed.length ? `src/${folder} may import from src only: ${allowed.join(', ')}` : `src/${folder} imports nothing`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: TEST },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

/** Only these places may import what matches `to`. */
const onlyIn = (name, comment, places, to) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^(src|fixtures|bench)/', pathNot: [TEST, ...places.map((place) => `^${place}`)] },
  to,
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'core-imports-nothing',
      comment: 'The domain’s words depend on no package and no Node module.',
      severity: 'error',
      from: { path: '^src/core/', pathNot: TEST },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'verifier-alone',
      comment: 'An auditor reads src/verifier and nothing else: its own files, and Node’s modules for files, hashes, signatures and threads.',
      severity: 'error',
      from: { path: '^src/verifier/', pathNot: TEST },
      to: { pathNot: ['^src/verifier/', '^(node:)?(buffer|crypto|fs|path|util|worker_threads)$'] },
    },
    {
      name: 'siblings-apart',
      comment: 'One source, and one channel, knows nothing of another; the registry (index.ts) and what starts with _ are shared.',
      severity: 'error',
      from: { path: '^src/(sources|alerts)/([^/.]+)', pathNot: [TEST, '/index\\.ts$'] },
      to: { path: '^src/$1/', pathNot: ['^src/$1/$2', '^src/$1/(source|channel|alert)\\.ts$', '^src/$1/_'] },
    },
    onlyIn('duckdb-behind-its-door', 'Only src/engine knows DuckDB.', ['src/engine/'], { path: 'node_modules/@duckdb/' }),
    onlyIn('kysely-for-own-tables', 'Kysely serves our own tables and filters; audit logic stays in SQL files.', ['src/engine/', 'src/store/', 'src/answers/'], {
      path: 'node_modules/kysely/',
    }),
    onlyIn('cloud-sdks-in-sources', 'Only a source speaks to AWS or Azure, a channel to SNS, and the signer to KMS.', ['src/sources/', 'src/alerts/', 'src/evidence/kms-signer\\.ts'], { path: 'node_modules/(@aws-sdk|@azure|@microsoft|@smithy)/' }),
    onlyIn('network-at-the-edge', 'Only sources, alerts, the page, operations (metrics, the dead man’s ping) and the request for a timestamp open a connection; doubles stand in for their other ends.', ['src/sources/', 'src/alerts/', 'src/web/', 'src/operations/', 'src/evidence/timestamp-request\\.ts', 'fixtures/doubles/'], {
      dependencyTypes: ['core'],
      path: '^(node:)?(http|https|http2|net|tls|dgram)$',
    }),
    onlyIn('logging-in-operations', 'One place decides what may be logged, and what is measured.', ['src/operations/'], { path: 'node_modules/(pino|prom-client)/' }),
    onlyIn('terminal-in-cli', 'Only the command line parses arguments.', ['src/cli/', 'src/main\\.ts'], { path: 'node_modules/commander/' }),
    {
      name: 'nothing-imports-main',
      comment: 'src/main.ts is the bin, and the only place that exits.',
      severity: 'error',
      from: { pathNot: TEST },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'src-without-fixtures',
      comment: 'The product knows no world of its own, but for the demo.',
      severity: 'error',
      from: { path: '^src/', pathNot: [TEST, '^src/(cli|pipeline)/demo[^/]*\\.ts$'] },
      to: { path: '^(fixtures|bench|test)/' },
    },
    {
      name: 'fixtures-apart',
      comment: 'A world with known truth is no proof if the code that it tests had a hand in it.',
      severity: 'error',
      from: { path: '^fixtures/', pathNot: TEST },
      to: { path: '^(src|bench|test)/', pathNot: '^src/core/' },
    },
    { name: 'nothing-imports-a-test', severity: 'error', from: {}, to: { path: TEST } },
    { name: 'no-cycle', comment: 'Type imports included.', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'only-declared-packages',
      comment: 'What is not in package.json is there by luck.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'product-without-dev-packages',
      severity: 'error',
      from: { path: '^(src|fixtures|bench)/', pathNot: [TEST, '^fixtures/doubles/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|out|whoran-data|whoran-demo)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
