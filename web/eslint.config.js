import { defineConfig } from 'eslint/config'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'

/** Rooms that may talk to the network; every other room is given what it needs. */
const NETWORK_ROOMS = ['src/lib/jmap/**', 'src/lib/accounts/**', 'src/lib/live/**', 'src/lib/{sync,*/sync}/**']

export default defineConfig(
  { ignores: ['.svelte-kit/', 'node_modules/', '*.cjs'] },
  ...ts.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte']
      }
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      // A lower cap bred files of a few lines with one importer, which cost more to follow than a longer file.
      'max-lines': ['error', { max: 350, skipBlankLines: true }],
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'Only jmap, accounts, live and what is called sync talk to the network.' },
        { name: 'localStorage', message: 'Scripts must not keep anything secret; settings live in /api/settings.' },
        { name: 'sessionStorage', message: 'Scripts must not keep anything secret; drafts live in the cache room.' }
      ],
      'svelte/no-at-html-tags': 'error',
      // Every address of the app is written out; there is no base path.
      'svelte/no-navigation-without-resolve': 'off',
      // State holds maps and sets in $state.raw: they are replaced, never changed.
      'svelte/prefer-svelte-reactivity': 'off'
    }
  },
  { files: NETWORK_ROOMS, rules: { 'no-restricted-globals': 'off' } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } }
  },
  {
    files: ['**/*.svelte', 'src/routes/**', 'src/service-worker/**'],
    rules: {
      'max-lines': ['error', { max: 260, skipBlankLines: true }],
      // The types of components, of routes and of the worker are unknown here; svelte-check and tsc check them.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/restrict-plus-operands': 'off'
    }
  },
  {
    files: ['**/*.test.ts', 'vite.config.ts', 'tests/**'],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'max-lines-per-function': 'off', 'max-lines': ['error', { max: 400, skipBlankLines: true }] }
  }
)
