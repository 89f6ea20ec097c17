/** What the preview shows of a file. The file is never opened: its octets become a picture or text, of types of ours. */
import { beginningOf, wholeBlob } from '#lib/jmap/blob.ts'
import { decoded } from '#lib/mail/decode.ts'
import { MOST_TEXT, notShown, pictureType, type NotShown } from '#lib/mail/file-kinds.ts'
import type { Attachment } from '#lib/state/mail.ts'
import type { Reader } from '#lib/state/reader.svelte.ts'

export type Shown =
  | { readonly kind: 'loading' | 'failed' }
  | { readonly kind: 'none'; readonly why: NotShown }
  | { readonly kind: 'picture'; readonly picture: Blob }
  | { readonly kind: 'text'; readonly text: string; readonly whole: boolean }

export async function shownOf(file: Attachment, reader: Pick<Reader, 'download'>): Promise<Shown> {
  const why = notShown(file)
  if (why) return { kind: 'none', why }
  const type = pictureType(file)
  try {
    if (type) return { kind: 'picture', picture: new Blob([await reader.download(file.url, wholeBlob)], { type }) }
    const { octets, whole } = await reader.download(file.url, (response) => beginningOf(response, MOST_TEXT))
    return { kind: 'text', text: decoded(octets, file.charset), whole }
  } catch {
    return { kind: 'failed' }
  }
}
