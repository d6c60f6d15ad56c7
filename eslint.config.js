import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Time and chance are asked of a Clock and a Random that come in by parameter; these make them. */
const clockOwners = [
  'src/core/clock.ts',
  'src/app.ts',
  'src/app/**',
  'src/cli/**',
  'src/**/main.ts',
  'test/**',
];
const environmentReaders = ['src/config/**', 'test/**'];

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export it by name: one name for one thing, everywhere.',
};
const noEnvironment = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message: 'Only src/config reads the environment; take what you need by parameter.',
};
const noMachineTime = [
  {
    selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
    message: 'Ask a Clock: a test must be able to move time.',
  },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'Ask a Clock: a test must be able to move time.',
  },
  {
    selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
    message: 'Take a Random by parameter: a test must be able to draw what it needs.',
  },
];

const browser = Object.fromEntries(
  [
    ...['window', 'document', 'location', 'history', 'navigator', 'fetch', 'URL', 'FormData', 'EventSource'],
    ...[
      'performance',
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'AbortController',
      'AbortSignal',
      'console',
    ],
    ...['DOMParser', 'Element', 'HTMLProgressElement', 'URLSearchParams'],
  ].map((name) => [name, 'readonly']),
);

export default defineConfig(
  { ignores: ['node_modules/', 'data/', 'coverage/', 'dist/'] },
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, ...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { noInlineConfig: true },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', noDefaultExport, noEnvironment, ...noMachineTime],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Numbers and undefined in a message are what they look like; objects are not.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // `return done()` and `() => void emit()` say what they mean.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // An async function without await turns what it throws into a rejection: the point of it.
      '@typescript-eslint/require-await': 'off',
      // Our objects are closures over their state and none uses `this`: a method may be handed on.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: clockOwners,
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noEnvironment] },
  },
  {
    files: environmentReaders,
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, ...noMachineTime] },
  },
  {
    files: ['test/**'],
    rules: {
      'no-restricted-syntax': ['error', noDefaultExport],
      'no-console': 'off',
      // Helpers of one test file; their types are plain at the place of use.
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // vitest's matchers (`expect.any`) are any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    // Tools of their own: they measure by the machine's clock, and draw and read as they like.
    files: ['bench/**'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport] },
  },
  {
    // Tools that ask for a default export.
    files: ['*.config.ts', 'test/support/redis-source.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    extends: [js.configs.recommended],
    languageOptions: { globals: { module: 'writable', console: 'readonly' } },
  },
  {
    // Runs in the browser, as it is.
    files: ['src/http/**/*.js'],
    languageOptions: { globals: browser },
  },
);
