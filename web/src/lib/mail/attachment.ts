import { honestName } from './file-names.ts'

/** A file that a message brings along. */
export interface Attachment {
  readonly blobId: string
  readonly name: string
  readonly type: string
  /** in which its text is written, as the message says; null if it does not */
  readonly charset: string | null
  /** octets */
  readonly size: number
  /** where it can be downloaded, on our own origin */
  readonly url: string
}

/** What a file is called, received or sent. A forwarded message seldom has a name. */
export function fileName(name: string | null, type: string): string {
  return honestName(name ?? '') || (type === 'message/rfc822' ? 'message.eml' : 'attachment')
}
