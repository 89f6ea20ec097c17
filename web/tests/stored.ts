import type { Email, EmailBody } from '#lib/jmap/types.ts'

/** An email as the model server keeps it. */
export type Stored = Email & Partial<EmailBody>

/** What an email has that was made without it. */
export const DEFAULTS: Record<string, unknown> = {
  'header:Authentication-Results:all': [],
  bodyValues: { text: { value: 'The text', isTruncated: false } },
  textBody: [{ partId: 'text', blobId: 'b', size: 8, name: null, type: 'text/plain', disposition: null, cid: null }],
  htmlBody: [{ partId: 'text', blobId: 'b', size: 8, name: null, type: 'text/plain', disposition: null, cid: null }],
  attachments: []
}
