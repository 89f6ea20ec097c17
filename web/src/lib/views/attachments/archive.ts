/** All attachments in one ZIP file. */
import { apart, safeName } from '#lib/mail/file-names.ts'
import { downloadZip } from 'client-zip'

interface Kept {
  readonly name: string
}

/** One file after the other is fetched; if one fails, there is no archive that lacks it in silence. */
export function archiveOf<F extends Kept>(
  files: readonly F[],
  time: Date,
  fetched: (file: F) => Promise<Blob>
): Promise<Blob> {
  const names = apart(files.map(({ name }) => safeName(name)))
  async function* inputs() {
    for (const [at, file] of files.entries()) {
      yield { name: names[at] ?? '', input: await fetched(file), lastModified: time }
    }
  }
  return downloadZip(inputs()).blob()
}

/** Milliseconds until a browser has taken over what it saves. */
const TAKEN_OVER = 60_000

/** The type is ours: whatever the blob says of itself, it is saved, and never opened in our origin. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }))
  saveFrom(url, name)
  setTimeout(() => URL.revokeObjectURL(url), TAKEN_OVER)
}

/** As a press on a link would. */
export function saveFrom(url: string, name: string): void {
  const link = document.createElement('a')
  Object.assign(link, { href: url, download: name })
  link.click()
}
