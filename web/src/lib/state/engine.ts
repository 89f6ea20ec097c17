/** Stores, uploads and sends the drafts of this device. Loaded once a window of writing is there (lazy-engine.ts). */
import { attachmentMentioned } from '#lib/compose/attachment-mentioned.ts'
import type { Draft, Parent } from '#lib/compose/draft.ts'
import type { Id } from '#lib/jmap/types.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import { rebind } from '#lib/sync/draft-files.ts'
import { DraftStoring } from '#lib/sync/draft-storing.ts'
import type { Drafts } from '#lib/sync/drafts.ts'
import { Sendings } from '#lib/sync/sending.ts'
import { Uploads } from '#lib/sync/uploads.ts'

export interface EngineListener {
  /** What is known of a draft changed; null: of all. */
  changed(id: string | null): void
  /** The engine has nothing more to do for it. */
  done(id: string): void
  filesGone(id: string, said: string): Promise<void>
  uploaded(id: string, fileId: string, blobId: Id): void
  sent(draft: Draft): void
  failed(id: string, trouble: Trouble): void
  returned(id: string): void
  answered(parent: Parent & { readonly emailId: Id }): unknown
}

/** The engine, before and after it is loaded. */
export interface Loading {
  /** null until it is loaded */
  readonly engine: Engine | null
  /** why it cannot be loaded */
  readonly trouble: Trouble | null
  /** Resolves once it is there. */
  loaded(): Promise<Engine>
}

export class Engine {
  readonly storing: DraftStoring
  readonly uploads: Uploads
  readonly sendings: Sendings
  readonly attachmentMentioned = attachmentMentioned

  constructor(session: Session, drafts: Drafts, listener: EngineListener) {
    const storing = new DraftStoring(session, drafts)
    const uploads = new Uploads(session, drafts)
    const sendings = new Sendings(session, drafts, (id) => storing.end(id))
    storing.onchange = (id) => listener.changed(id)
    storing.ondone = (id) => listener.done(id)
    storing.onfilesgone = (id, said) => listener.filesGone(id, said)
    storing.onstored = (kept) => rebind(session, drafts, kept).catch(() => undefined)
    uploads.onchange = (id) => listener.changed(id)
    uploads.onuploaded = (id, fileId, blobId) => listener.uploaded(id, fileId, blobId)
    sendings.onchange = (id) => listener.changed(id)
    sendings.onsent = (_, draft) => listener.sent(draft)
    sendings.onfailed = (id, trouble) => listener.failed(id, trouble)
    sendings.onreturned = (id) => listener.returned(id)
    sendings.onanswered = (parent) => listener.answered(parent)
    this.storing = storing
    this.uploads = uploads
    this.sendings = sendings
  }

  stop(): void {
    this.sendings.stop()
    this.storing.stop()
    this.uploads.stop()
  }
}
