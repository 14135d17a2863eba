/**
 * The linter's rules: typescript-eslint's strict set with types, and a few of our own. `npm run lint` allows no warning.
 */
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['dist/', 'out/', 'coverage/', 'node_modules/', '**/whoran-data/', '**/whoran-demo/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // What the compiler or the house rules decide otherwise.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      // noPropertyAccessFromIndexSignature asks for brackets where dot-notation would ask for a dot.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // An index signature and a Record say the same thing; a reader does not care which.
      '@typescript-eslint/consistent-indexed-object-style': 'off',

      // Types are erased, and a type import must not count as a dependency at run time.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-import-type-side-effects': 'error',

      // Only src/main.ts leaves the process, and only the command line writes to the terminal.
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'Only src/main.ts exits: throw, or set an exit code there.' },
        { object: 'AbortSignal', property: 'timeout', message: 'Node may collect it before it fires: use deadlineOf (src/core/deadline.ts).' },
      ],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }],
      'no-console': 'error',
      'no-control-regex': 'off', // Control characters are what hostile logs hold; we look for them.
      eqeqeq: ['error', 'always'],
      'prefer-const': 'error',
      'no-var': 'error',
      'no-param-reassign': 'error',
      'object-shorthand': 'error',
    },
  },
  // Each story is typed by the list that it stands in.
  { files: ['src/main.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['*.config.ts'], rules: { 'no-restricted-exports': 'off' } },
  {
    // A test may reach for `!` where a missing value should fail it.
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
