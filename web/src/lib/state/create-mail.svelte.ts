/** Everything that the mail page stands on, made from what the world outside offers. */
import { Account, type Topic } from '#lib/sync/account.ts'
import { Marks } from '#lib/sync/marks.ts'
import { browserPorts, type Ports } from '#lib/sync/ports.ts'
import { ReaderSync } from '#lib/sync/reader.ts'
import { ListState } from './conversation-list.svelte.ts'
import type { Connection, Mail, MailboxItem, Mailboxes, Quota, Role, Sending, Trouble } from './mail.ts'
import { itemsOf } from './mailbox-items.ts'
import { Messages } from './messages.ts'
import { ReaderState } from './reader.svelte.ts'
import { Rows } from './rows.ts'

/** Codes of troubles that concern the whole page: no list and no message can be had. */
const OF_THE_PAGE = new Set(['no_session', 'session_aal2_required', 'mailbox_not_ready', 'mailbox_missing'])

export class MailState implements Mail, Mailboxes, Connection {
  readonly reader: ReaderState
  readonly sending: Sending
  readonly #account: Account
  readonly #rows: Rows
  #version = $state(0)
  #items = $state.raw<readonly MailboxItem[]>([])
  #list = $state.raw<ListState | null>(null)

  constructor(ports: Ports = browserPorts()) {
    const account = new Account(ports)
    const isOwn = (address: string): boolean => address.toLowerCase() === account.address.toLowerCase()
    const marks = new Marks(account)
    const reader = new ReaderSync(account, (ids) => marks.read(ids))
    const messages = new Messages({
      isOwn,
      urlOf: (file) => account.client.downloadUrl(file),
      authservId: () => null
    })
    this.#account = account
    this.#rows = new Rows(account.objects, isOwn)
    this.reader = new ReaderState(account, reader, messages)
    this.sending = { send: () => Promise.resolve(), draftOf: () => '', keep: () => undefined, unsent: () => [] }
    account.listen((topic) => this.#changed(topic))
  }

  get address(): string {
    void this.#version
    return this.#account.address
  }

  get mailboxes(): Mailboxes {
    return this
  }

  get items(): readonly MailboxItem[] {
    return this.#items
  }

  byId(id: string): MailboxItem | undefined {
    return this.#items.find((item) => item.id === id)
  }

  byRole(role: Role): MailboxItem | undefined {
    return this.#items.find((item) => item.role === role)
  }

  get list(): ListState | null {
    return this.#list
  }

  get connection(): Connection {
    return this
  }

  get live(): 'live' {
    return 'live'
  }

  get since(): Date | null {
    return null
  }

  get quota(): Quota | null {
    return null
  }

  get trouble(): Trouble | null {
    void this.#version
    const { trouble } = this.#account.sync
    return trouble && OF_THE_PAGE.has(trouble.code) ? trouble : null
  }

  tryNow(): void {
    this.#account.sync.tryNow()
  }

  show(mailboxId: string | null): void {
    this.#account.show(mailboxId)
  }

  picturesAllowed(): boolean {
    return false
  }

  allowPictures(): Promise<void> {
    return Promise.resolve()
  }

  stop(): void {
    this.#account.stop()
  }

  forget(): Promise<void> {
    this.stop()
    return Promise.resolve()
  }

  #changed(topic: Topic): void {
    if (topic === 'account') {
      this.#version += 1
      this.#items = itemsOf(this.#account.objects)
    } else if (topic === 'list') {
      const view = this.#account.list
      if (view !== (this.#list?.view ?? null)) {
        this.#list = view && new ListState(this.#account, view, this.#rows)
      }
      this.#list?.changed()
    } else if (topic === 'reader') {
      this.reader.changed()
    }
  }
}

export function createMail(ports?: Ports): MailState {
  return new MailState(ports)
}
