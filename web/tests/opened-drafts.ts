/** Emails of a mail server on standard input → the drafts that they are; or, without input, what is asked for of them. */
import { readFileSync } from 'node:fs'
import {
  DRAFT_BODY_PROPERTIES,
  DRAFT_PROPERTIES,
  draftOf,
  type DraftEmail
} from '../src/lib/writing/domain/draft-of.ts'

const input = readFileSync(0, 'utf8')
const opening = { identities: [], newId: () => '', newCid: () => 'new@cid', clean: (html: string) => html }
const said = input
  ? (JSON.parse(input) as DraftEmail[]).map((email) => draftOf(email, opening))
  : { properties: DRAFT_PROPERTIES, bodyProperties: DRAFT_BODY_PROPERTIES }
process.stdout.write(JSON.stringify(said))
