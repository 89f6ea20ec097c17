/**
 * The transactions of one database that run: none of them outlasts its page.
 *
 * WebKit keeps a page that is left for the way back, and its transactions with it. Whatever another page asks of the same
 * stores waits for them until that page is thrown away, mostly until the browser ends: the mailbox would show no mail
 * (https://github.com/jakearchibald/idb-keyval/issues/180). `close` does not end them.
 */
import { wrap } from 'idb'

export class Transactions {
  readonly #running = new Set<IDBTransaction>()
  /** null while the page is not left; resolves once it is back */
  left: PromiseWithResolvers<void> | null = null
  /** how often the page was left */
  leavings = 0

  constructor(database: IDBDatabase) {
    const begin = database.transaction.bind(database)
    database.transaction = (...options) => this.#add(begin(...options))
  }

  /** From now on a transaction does something only if it is committed at once. */
  leave(): void {
    this.left ??= Promise.withResolvers()
    this.leavings += 1
    this.#running.forEach(abort)
  }

  return(): void {
    this.left?.resolve()
    this.left = null
  }

  #add(transaction: IDBTransaction): IDBTransaction {
    this.#running.add(transaction)
    transaction.oncomplete = transaction.onabort = () => this.#running.delete(transaction)
    // Once its requests are made.
    if (this.left) queueMicrotask(() => abort(transaction))
    return transaction
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
    // Who waits for its requests only does not ask how it ended.
    wrap(transaction).done.catch(() => undefined)
  } catch {
    // InvalidStateError: it is committed, or has ended.
  }
}
