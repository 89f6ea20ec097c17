/** Drafts and their envelopes on standard input → the Emails that are created of them, for tests/contract/test_written_mail.py. */
import { readFileSync } from 'node:fs'
import type { Draft } from '../src/lib/writing/domain/draft.ts'
import { emailOf, type Envelope } from '../src/lib/writing/domain/email.ts'

interface Written {
  draft: Draft
  envelope: Omit<Envelope, 'sentAt'> & { sentAt: string }
}

const written = JSON.parse(readFileSync(0, 'utf8')) as Written[]
const emails = written.map(({ draft, envelope }) => emailOf(draft, { ...envelope, sentAt: new Date(envelope.sentAt) }))
process.stdout.write(JSON.stringify(emails))
