import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'src/lib/frame')

/**
 * The second addresses of the frames for messages: by their names the server allows remote pictures in them. They have
 * other titles, since the build keeps only one of two equal files.
 */
export function writeRemoteFrames(): void {
  for (const name of ['frame', 'frame-print']) {
    const frame = readFileSync(join(FOLDER, `${name}.html`), 'utf8')
    const remote = frame.replace('</title>', ' with remote pictures</title>')
    writeFileSync(join(FOLDER, `${name}-remote.html`), remote)
  }
}
