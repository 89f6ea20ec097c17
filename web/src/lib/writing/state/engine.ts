/** Stores, uploads and sends the drafts of this device. */
import { statusOf, type Draft, type Parent, type SendingStatus } from '#lib/writing/domain/draft.ts'
import type { Id } from '#lib/jmap/types.ts'
import type { Trouble } from '#lib/mail/trouble.ts'
import type { Session } from '#lib/sync/session.ts'
import { rebind } from '#lib/writing/sync/draft-files.ts'
import { DraftLocks } from '#lib/writing/sync/draft-locks.ts'
import { DraftStoring } from '#lib/writing/sync/draft-storing.ts'
import type { Drafts } from '#lib/writing/sync/drafts.ts'
import { Sendings } from '#lib/writing/sync/sending.ts'
import { Uploads } from '#lib/writing/sync/uploads.ts'
import type { FileLimits } from './composition-files.ts'

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

/** What open drafts stand on, too. */
export class Engine {
  readonly session: Session
  readonly drafts: Drafts
  readonly locks: DraftLocks
  readonly storing: DraftStoring
  readonly uploads: Uploads
  readonly sendings: Sendings
  readonly limits: () => FileLimits

  constructor(session: Session, drafts: Drafts, limits: () => FileLimits, listener: EngineListener) {
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
    this.session = session
    this.drafts = drafts
    this.locks = new DraftLocks(session.ports, drafts)
    this.storing = storing
    this.uploads = uploads
    this.sendings = sendings
    this.limits = limits
  }

  /** At the start of the page: what was being sent is sent on, and files of drafts that are gone are removed. */
  resume(): void {
    this.sendings.resume()
    void this.uploads.sweep()
  }

  statusOf(id: string): SendingStatus {
    return statusOf(this.drafts.get(id)?.sending, this.sendings.troubleOf(id) !== null)
  }

  stop(): void {
    this.sendings.stop()
    this.storing.stop()
    this.uploads.stop()
    this.drafts.stop()
    this.locks.stop()
  }
}
