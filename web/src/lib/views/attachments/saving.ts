/** Files that the browser saves. */

/** Milliseconds until the browser has surely read what it saves. */
const TAKEN_OVER = 60_000

/** The type is ours: whatever the blob says of itself, it is saved, and never opened in our origin. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }))
  saveFrom(url, name)
  setTimeout(() => URL.revokeObjectURL(url), TAKEN_OVER)
}

/** Does what a press on a download link does. */
export function saveFrom(url: string, name: string): void {
  const link = document.createElement('a')
  Object.assign(link, { href: url, download: name })
  link.click()
}
