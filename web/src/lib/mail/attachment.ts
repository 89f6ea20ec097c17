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

/** What a part without a name is called: a forwarded message seldom has one. */
export function nameOfType(type: string): string {
  return type === 'message/rfc822' ? 'message.eml' : 'attachment'
}
