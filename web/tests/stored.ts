import type { Email, EmailBody } from '#lib/jmap/types.ts'

/** An email as the model server keeps it. */
export type Stored = Email & Partial<EmailBody>
