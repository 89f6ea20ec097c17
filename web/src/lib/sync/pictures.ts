/** Senders whose remote pictures may be shown. */
import type { Account } from './account.ts'
import { objectOf, type Settings, type SettingsDocument } from './settings.ts'

/** Addresses that are kept; the document may hold 64 KB in all. */
const MOST_SENDERS = 500

export class Pictures {
  readonly #account: Account
  readonly #document: SettingsDocument
  #senders: ReadonlySet<string> = new Set()

  constructor(account: Account, document: SettingsDocument) {
    this.#account = account
    this.#document = document
  }

  allowed(address: string): boolean {
    return this.#senders.has(address.toLowerCase())
  }

  /** What the service keeps. */
  take(settings: Settings): void {
    this.#show(sendersOf(settings))
  }

  /** Shown at once; raises JmapFailure if it could not be kept. */
  async allow(address: string): Promise<void> {
    const sender = address.toLowerCase()
    this.#show([...this.#senders, sender])
    const changed = await this.#document.change((settings) => {
      const senders = [...new Set([...sendersOf(settings), sender])].slice(-MOST_SENDERS)
      return { ...settings, pictures: { ...objectOf(settings['pictures']), senders } }
    })
    this.take(changed)
  }

  #show(senders: readonly string[]): void {
    this.#senders = new Set(senders)
    this.#account.tell('account', 'reader')
  }
}

function sendersOf(settings: Settings): string[] {
  const senders = objectOf(settings['pictures'])['senders']
  return Array.isArray(senders) ? senders.filter((sender) => typeof sender === 'string') : []
}
