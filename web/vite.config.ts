import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { chunks } from './chunks.ts'
import { writeRemoteFrames } from './remote-frames.ts'

/** Where the build goes: into the Python package that serves it, unless POSTROOM_WEB_BUILD names another folder. */
const build = process.env['POSTROOM_WEB_BUILD'] ?? '../src/postroom/web/build'

/** In development, `vite dev` forwards to a running service (`make up`). */
const service = process.env['POSTROOM_URL'] ?? 'http://127.0.0.1:3001'

writeRemoteFrames()

/**
 * SvelteKit names in a page the styles of whatever its components import, late or not, as long as the build for servers has
 * that import, too: for pages that a server draws. Ours are drawn in browsers only, which would load styles of dialogs
 * before the list.
 */
const lateStyles: Plugin = {
  name: 'late-styles',
  enforce: 'post',
  apply: 'build',
  transform: (code, id, options) =>
    options?.ssr && id.includes('/src/lib/')
      ? code.replaceAll(/\bimport\(\s*(["'])[^"']+\1\s*\)/g, "Promise.reject(new Error('drawn in browsers only'))")
      : null
}

/** Tests of rooms whose only state are caches: a process for each of them would cost more than they do. */
const PURE = 'src/lib/{jmap,mail,store,*/domain}/*.test.ts'

export default defineConfig({
  plugins: [
    sveltekit({
      adapter: adapter({ pages: build, fallback: 'index.html', precompress: true }),
      // Postroom serves the pages under paths of any depth: relative addresses of files would break there.
      paths: { relative: false },
      // The hash of the sources, so that two builds of the same sources are equal byte for byte.
      version: { name: hashOfSources(), pollInterval: 0 },
      // The page registers it after the first view (src/lib/offline/registration.ts).
      serviceWorker: { register: false }
    }),
    lateStyles
  ],
  build: { target: 'es2022' },
  // What both the list and late parts stand on is one file: in files by who else needs it, it would be larger.
  environments: {
    client: {
      build: {
        rolldownOptions: {
          output: {
            codeSplitting: {
              groups: chunks()
            }
          }
        }
      }
    }
  },
  // Tests draw views, which Svelte's build for servers cannot.
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  server: {
    // `changeOrigin: false` keeps Host equal to Origin; the service refuses requests of another site.
    proxy: Object.fromEntries(
      ['/api', '/jmap', '/.well-known', '/.ory'].map((path) => [path, { target: service, changeOrigin: false }])
    )
  },
  test: {
    environment: 'node',
    // By itself vitest leaves one core to its own process, which has next to nothing to do while tests run.
    maxWorkers: '100%',
    // For a test that would never end: none judges how fast the machine is.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      { extends: true, test: { name: 'pure', include: [PURE], isolate: false } },
      {
        extends: true,
        test: {
          name: 'web',
          include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [PURE],
          setupFiles: ['tests/patience.ts']
        }
      }
    ]
  }
})

function hashOfSources(): string {
  const hash = createHash('sha256')
  for (const folder of ['src', 'static']) {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    for (const path of names
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()) {
      hash.update(path).update(readFileSync(path))
    }
  }
  return hash.update(readFileSync('package-lock.json')).digest('hex').slice(0, 12)
}
