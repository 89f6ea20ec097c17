/**
 * Copies of drafts in the local storage, made when a page is hidden or left. Then a browser may drop a transaction of
 * IndexedDB that has not begun, whereas the local storage is written at once. A copy is removed once its words are in
 * IndexedDB. It is as secret as the drafts there, and is deleted with them.
 */
import type { KeptDraft } from '#lib/compose/draft.ts'

const PREFIX = 'postroom-words-'
/** Characters of a draft. A browser keeps five million for the whole origin. */
const MOST = 262_144

/** `drop` removes the copy, unless a newer one replaced it. */
export interface Found {
  readonly kept: KeptDraft
  readonly drop: () => void
}

export class DraftCopies {
  readonly #prefix: string

  /** `owner` does not end in a colon (RFC 8620 §1.2). */
  constructor(owner: string) {
    this.#prefix = `${PREFIX}${owner}:`
  }

  /** of the drafts that have a copy */
  ids(): string[] {
    return keys((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length))
  }

  /** False: the draft is too long, or the local storage is full. */
  put(kept: KeptDraft): boolean {
    const text = JSON.stringify(kept)
    const put = (storage: Storage): boolean => (storage.setItem(this.#prefix + kept.id, text), true)
    return text.length <= MOST && tried(put, false)
  }

  find(id: string): Found | null {
    return tried((storage) => {
      const key = this.#prefix + id
      const text = storage.getItem(key)
      const drop = (): void =>
        tried(() => (storage.getItem(key) === text ? storage.removeItem(key) : undefined), undefined)
      const kept = JSON.parse(text ?? 'null') as KeptDraft | null
      return kept && { kept, drop }
    }, null)
  }

  forget(): void {
    remove((key) => key.startsWith(this.#prefix))
  }

  forgetOthers(): void {
    remove((key) => !key.startsWith(this.#prefix))
  }
}

/** Deletes the copies of all people. */
export function forgetDraftCopies(): void {
  remove(() => true)
}

function remove(which: (key: string) => boolean): void {
  for (const key of keys(which)) tried((storage) => storage.removeItem(key), undefined)
}

function keys(which: (key: string) => boolean): string[] {
  return tried((storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX) && which(key)), [])
}

/** If the person blocks site data, the browser throws when `localStorage` is read. */
function tried<T>(work: (storage: Storage) => T, otherwise: T): T {
  try {
    // eslint-disable-next-line no-restricted-globals -- as secret as the drafts in IndexedDB: see above
    return work(localStorage)
  } catch {
    return otherwise
  }
}
