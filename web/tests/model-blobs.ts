/** Blobs of the model server: uploaded ones, which expire, and parts of Emails, which go with them (RFC 8620 §6). */
import type { Arguments, BodyPart, Id } from '#lib/jmap/types.ts'
import type { Upload, UploadOptions } from '#lib/writing/sync/upload-port.ts'

interface Part extends Partial<BodyPart> {
  readonly subParts?: readonly Part[]
}

export class ModelBlobs {
  /** content of each */
  readonly uploaded = new Map<Id, Blob>()
  /** of the parts of an email */
  readonly #parts = new Map<Id, readonly Id[]>()
  /** uploads that wait until they are let through; null: none does */
  held: { readonly options: UploadOptions; readonly finish: () => void }[] | null = null
  /** Respond in place of the server, or let it respond: null. */
  interrupt: (options: UploadOptions) => Response | null = () => null
  running = 0
  mostRunning = 0
  #next = 1

  readonly upload: Upload = async (options) => {
    this.running += 1
    this.mostRunning = Math.max(this.mostRunning, this.running)
    try {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.held) {
        await new Promise<void>((finish) => this.held?.push({ options, finish }))
      }
      options.signal.throwIfAborted()
      const other = this.interrupt(options)
      if (other) {
        return other
      }
      const blobId = `u${this.#next++}`
      this.uploaded.set(blobId, options.content)
      return Response.json({ accountId: 'a', blobId, type: options.type, size: options.content.size })
    } finally {
      this.running -= 1
    }
  }

  /** After an hour. */
  expire(): void {
    this.uploaded.clear()
  }

  /** The blobs that an email is made of and that are not there (RFC 8621 §4.6). */
  missing(email: Arguments): Id[] {
    const known = new Set([...this.uploaded.keys(), ...[...this.#parts.values()].flat()])
    return partsOf(email).flatMap(({ blobId }) => (blobId && !known.has(blobId) ? [blobId] : []))
  }

  /** What an email that was made tells of its files: each is a blob of its own. */
  attachments(emailId: Id, email: Arguments): Pick<BodyPart, 'blobId' | 'name' | 'type' | 'disposition' | 'cid'>[] {
    const parts = partsOf(email).map(({ name = null, type = '', disposition = null, cid = null }, at) => ({
      partId: `p${at}`,
      blobId: `${emailId}-${at}`,
      size: 1,
      name,
      type,
      disposition,
      cid
    }))
    this.#parts.set(
      emailId,
      parts.map(({ blobId }) => blobId)
    )
    return parts
  }

  destroyed(emailId: Id): void {
    this.#parts.delete(emailId)
  }
}

function partsOf(email: Arguments): Part[] {
  const flat = (part: Part): Part[] => [part, ...(part.subParts ?? []).flatMap(flat)]
  return email['bodyStructure'] ? flat(email['bodyStructure']).filter(({ blobId }) => blobId) : []
}
