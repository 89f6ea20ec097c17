/** The files of a version that was just stored: uploaded blobs expire, and those of the version before are gone with it. */
import { DRAFT_BODY_PROPERTIES, DRAFT_FILES, rebound, type DraftParts } from '#lib/writing/domain/draft-of.ts'
import type { KeptDraft } from '#lib/writing/domain/draft.ts'
import { call } from '#lib/jmap/client.ts'
import type { GetResponse } from '#lib/jmap/types.ts'
import type { Session } from '#lib/sync/session.ts'
import type { Drafts } from './drafts.ts'

/** Raises JmapFailure. */
export async function rebind(session: Session, drafts: Drafts, { id, draft, stored }: KeptDraft): Promise<void> {
  if (!stored || draft.files.length === 0) {
    return
  }
  const get = call('Email/get', 'get', {
    ids: [stored.emailId],
    properties: DRAFT_FILES,
    bodyProperties: DRAFT_BODY_PROPERTIES
  })
  const [email] = (await session.client.run([get])).get<GetResponse<DraftParts>>('get').list
  if (!email) {
    return
  }
  const found = new Map(rebound(draft.files, email).map((file) => [file.id, file.blobId]))
  await drafts.amend(id, (now) => ({
    ...now,
    files: now.files.map((file) => ({ ...file, blobId: found.get(file.id) ?? file.blobId }))
  }))
}
