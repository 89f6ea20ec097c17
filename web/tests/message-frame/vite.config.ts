import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { writeRemoteFrames } from '../../remote-frames.ts'

writeRemoteFrames()

/** Built like the interface, so that Postroom serves it with the same headers: `vite build --config … --outDir …`. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte({ configFile: false })],
  build: {
    target: 'es2022',
    assetsDir: '_app/immutable/assets',
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { assetFileNames: '_app/immutable/assets/[name].[hash][extname]' } }
  }
})
