import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const typescript = ['lib/**/*.ts', 'test/**/*.ts', 'benchmarks/**/*.ts', 'types/**/*.ts'];
const scripts = ['scripts/**/*.{cjs,mjs}', 'benchmarks/**/*.{cjs,mjs}', 'test/**/*.{cjs,mjs}', '*.js'];
const nodeGlobals = ['Buffer', 'URL', 'clearTimeout', 'console', 'performance', 'process', 'setTimeout'];
const commonJsGlobals = ['__dirname', '__filename', 'exports', 'module', 'require'];
const readonly = (names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

export default tseslint.config(
  { ignores: ['build', 'out', 'dist', 'prebuilds', 'coverage', 'docs/api', 'native', 'datasets'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: scripts,
    languageOptions: { ecmaVersion: 2023, globals: readonly(nodeGlobals) },
    rules: { 'no-empty': ['error', { allowEmptyCatch: true }] },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: readonly(commonJsGlobals) } },
  {
    files: typescript,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A template may print numbers and anything else that prints well; the type checker knows the rest.
      '@typescript-eslint/restrict-template-expressions': 'off',
      // `async` marks a function as one that may fail later, whether or not it waits for anything today.
      '@typescript-eslint/require-await': 'off',
      // It also wants to remove assertions that steer inference.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Tests hand over wrong types on purpose.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-function-type': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // A focused test silently drops all the others of its file.
      'no-restricted-syntax': [
        'error',
        { selector: 'CallExpression[callee.property.name="only"]', message: 'A focused test drops all others.' },
      ],
    },
  },
);
