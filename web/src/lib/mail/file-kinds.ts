/** What kind of file an attachment is, and whether it can be shown. The message says the type: nobody believes it. */

export type FileKind = 'picture' | 'text' | 'document' | 'archive' | 'message' | 'sound' | 'film' | 'other'

/**
 * Pictures that a browser paints without running or loading anything. An SVG is a document: it may hold scripts and name
 * other addresses.
 */
const PICTURES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'])
const PICTURE_OF: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp'
}

/** Text that people read. HTML and XML are documents: their text is not what their sender shows. */
const TEXTS = /^text\/(?:plain|csv|markdown|calendar|vcard|x-[a-z0-9.+-]+|tab-separated-values)$|^application\/json$/
const TEXT_EXTENSIONS = /^(?:txt|text|log|csv|tsv|md|json|ics|vcf|diff|patch|asc)$/

const DOCUMENTS = /pdf|msword|officedocument|opendocument|ms-excel|ms-powerpoint|rtf|html|xml/
const ARCHIVES = /zip|x-tar|x-7z|x-rar|vnd\.rar|x-bzip|x-xz|zstd/

/** What mail programs write if they know no better. */
const UNTOLD = /^(?:|application\/(?:octet-stream|x-unknown|binary))$/

export interface Named {
  readonly name: string
  readonly type: string
}

/** The type by which a picture may be painted; null if it may not. */
export function pictureType(file: Named): string | null {
  const type = essence(file)
  if (type === 'image/jpg' || type === 'image/pjpeg') return 'image/jpeg'
  if (UNTOLD.test(type)) return PICTURE_OF[extensionOf(file.name)] ?? null
  return PICTURES.has(type) ? type : null
}

export function isText(file: Named): boolean {
  const type = essence(file)
  return TEXTS.test(type) || (UNTOLD.test(type) && TEXT_EXTENSIONS.test(extensionOf(file.name)))
}

/** Its kind, for the eye: what it is called does not decide what is done with it. */
export function kindOf(file: Named): FileKind {
  const type = essence(file)
  if (type.startsWith('image/') || pictureType(file)) return 'picture'
  if (isText(file)) return 'text'
  if (type === 'message/rfc822') return 'message'
  if (type.startsWith('audio/')) return 'sound'
  if (type.startsWith('video/')) return 'film'
  if (ARCHIVES.test(type)) return 'archive'
  return DOCUMENTS.test(type) || extensionOf(file.name) === 'pdf' ? 'document' : 'other'
}

/** Why a file is not shown here. */
export type NotShown = 'program' | 'svg' | 'large' | 'kind'

/** Octets of a picture that are loaded to be shown. */
const MOST_PICTURE = 30_000_000
/** Octets of a text that are shown. */
export const MOST_TEXT = 1_000_000

/** Files that do something when they are opened (of Windows, macOS, offices, browsers). */
const PROGRAMS =
  /^(?:exe|com|scr|bat|cmd|ps1|vbs|vbe|js|jse|mjs|wsf|wsh|hta|msi|msix|jar|lnk|url|iso|img|vhd|vhdx|reg|cpl|dll|app|dmg|pkg|command|sh|apk|docm|xlsm|pptm|xlam|html?|xhtml|shtml|mht|mhtml|one|chm)$/

/** null: it can be shown. */
export function notShown(file: Named & { readonly size: number }): NotShown | null {
  if (pictureType(file)) return file.size > MOST_PICTURE ? 'large' : null
  if (isText(file) && !PROGRAMS.test(extensionOf(file.name))) return null
  if (essence(file) === 'image/svg+xml' || extensionOf(file.name) === 'svg') return 'svg'
  return PROGRAMS.test(extensionOf(file.name)) || /html|javascript/.test(essence(file)) ? 'program' : 'kind'
}

function essence({ type }: Named): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase()
}

function extensionOf(name: string): string {
  const at = name.lastIndexOf('.')
  return at < 0
    ? ''
    : name
        .slice(at + 1)
        .trim()
        .toLowerCase()
}
