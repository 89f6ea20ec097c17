import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'src/lib/frame')

/**
 * The second address of the message frame: by its name the server allows remote pictures in it. It has another title,
 * since the build keeps only one of two equal files.
 */
export function writeRemoteFrame(): void {
  const frame = readFileSync(join(FOLDER, 'frame.html'), 'utf8')
  const remote = frame.replace('<title>Message', '<title>Message with remote pictures')
  writeFileSync(join(FOLDER, 'frame-remote.html'), remote)
}
