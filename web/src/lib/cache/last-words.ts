/**
 * What was typed last in a page that is left or hidden. A browser drops what IndexedDB has not begun when a page goes; what
 * is put here is there at once. It is as secret as the drafts in IndexedDB, and is deleted with them.
 */
import type { KeptDraft } from '#lib/compose/draft.ts'

const PREFIX = 'postroom-words-'
/** Characters of a draft: a browser keeps five million for all that this origin has. */
const MOST = 262_144

/** `drop`: it is kept elsewhere. What was put here meanwhile stays. */
export interface Found {
  readonly kept: KeptDraft
  readonly drop: () => void
}

export class LastWords {
  readonly #prefix: string

  /** Their owner has no colon at the end (RFC 8620 §1.2). */
  constructor(owner: string) {
    this.#prefix = `${PREFIX}${owner}:`
  }

  /** of drafts */
  ids(): string[] {
    return keys((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length))
  }

  /** False: it is too long, or the browser keeps no more. */
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

/** Of all people. */
export function forgetLastWords(): void {
  remove(() => true)
}

function remove(which: (key: string) => boolean): void {
  for (const key of keys(which)) tried((storage) => storage.removeItem(key), undefined)
}

function keys(which: (key: string) => boolean): string[] {
  return tried((storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX) && which(key)), [])
}

/** Where the person blocks what sites store, a browser throws already when it is asked for its storage. */
function tried<T>(work: (storage: Storage) => T, otherwise: T): T {
  try {
    // eslint-disable-next-line no-restricted-globals -- as secret as the drafts in IndexedDB: see above
    return work(localStorage)
  } catch {
    return otherwise
  }
}
