/**
 * Copies of drafts in the local storage, made when a page is hidden or left. Then a browser may drop a transaction of
 * IndexedDB that has not begun, whereas the local storage is written at once. A copy is removed once its words are in
 * IndexedDB. It is as secret as the drafts there, and is deleted with them.
 */

const PREFIX = 'postroom-words-'

export class DraftCopies {
  readonly prefix: string

  /** `owner` does not end in a colon (RFC 8620 §1.2). */
  constructor(owner: string) {
    this.prefix = `${PREFIX}${owner}:`
  }

  /** of the drafts that have a copy */
  ids(): string[] {
    return keys((key) => key.startsWith(this.prefix)).map((key) => key.slice(this.prefix.length))
  }

  forget(): void {
    remove((key) => key.startsWith(this.prefix))
  }

  forgetOthers(): void {
    remove((key) => !key.startsWith(this.prefix))
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

/** Of the local storage. If the person blocks site data, the browser throws when `localStorage` is read. */
export function tried<T>(work: (storage: Storage) => T, otherwise: T): T {
  try {
    // eslint-disable-next-line no-restricted-globals -- as secret as the drafts in IndexedDB: see above
    return work(localStorage)
  } catch {
    return otherwise
  }
}
