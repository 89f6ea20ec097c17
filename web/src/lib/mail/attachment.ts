/** A file that a message brings along. */
export interface Attachment {
  readonly blobId: string
  readonly name: string
  readonly type: string
  /** octets */
  readonly size: number
  /** where it can be downloaded, on our own origin */
  readonly url: string
}
