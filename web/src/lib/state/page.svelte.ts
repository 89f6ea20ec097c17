/** What the mail page shows: which mailbox and conversation, where the keyboard is, what is expanded, what is replied to. */
import type { SignedOut } from '#lib/accounts/sign-out.ts'
import { warningOf, type Warning } from '#lib/mail/warnings.ts'
import { foldedRange } from '#lib/state/folding.ts'
import type { Mail, MailboxItem, Message } from '#lib/state/mail.ts'
import { Notices } from '#lib/state/notices.svelte.ts'
import { filterOf, mailboxOf, mailboxSegment, pathOf, viewOf, type View } from '#lib/state/paths.ts'
import { createContext, untrack } from 'svelte'

/** Milliseconds of rest after which the reader follows the keyboard. */
const REST = 150

/** When an open reader shows the conversation that the keyboard reaches. */
export type Follows = 'at rest' | 'now' | 'never'

export class MailPage {
  readonly mail: Mail
  readonly #go: (path: string) => Promise<void>

  /** the conversation where the keyboard is; it may differ from the open one */
  current = $state<string | null>(null)
  /** how often the keyboard moved: the list brings the current row into view when it did */
  moves = $state(0)
  drawer = $state(false)
  readonly notices = new Notices()
  /** the message to which the person writes a reply */
  #replyingTo = $state<string | null>(null)
  /** the person closed the reply, which is kept */
  #replyClosed = $state(false)
  /** expanded or collapsed by the person; other messages follow the rule */
  #toggled = $state.raw<ReadonlyMap<string, boolean>>(new Map())
  #unfolded = $state(false)
  /** senders with a warning that the person knows */
  #known = $state.raw<ReadonlySet<string>>(new Set())
  /** of the row to which the keyboard moves once it is loaded */
  #target = $state<number | null>(null)
  #resting: ReturnType<typeof setTimeout> | undefined
  #segment = $state<string | undefined>()
  #threadId = $state<string | undefined>()
  /** of the view that is asked for */
  #viewKey = ''

  /** signs out */
  readonly leave: () => Promise<SignedOut>

  /** `go` navigates to a path of the app. */
  constructor(mail: Mail, go: (path: string) => Promise<void>, leave: () => Promise<SignedOut>) {
    this.mail = mail
    this.#go = go
    this.leave = leave
  }

  get mailbox(): MailboxItem | undefined {
    return mailboxOf(this.#segment, this.mail.mailboxes)
  }

  /** Of all mailboxes, what the address bar names. */
  get view(): View | undefined {
    return viewOf(this.#segment)
  }

  /** What of the sidebar is shown: the id of a mailbox, or the segment of a view. */
  get place(): string | null {
    return this.mailbox?.id ?? (this.view && this.#segment) ?? null
  }

  /** The address bar names a mailbox that the mail server has not. */
  get isGone(): boolean {
    return this.#segment !== undefined && !this.mailbox && !this.view && this.mail.list?.freshness === 'current'
  }

  get threadId(): string | undefined {
    return this.#threadId
  }

  /** The place of the open conversation in the list, from 1. */
  get position(): number | undefined {
    const index = this.#threadId === undefined ? undefined : this.mail.list?.indexOf(this.#threadId)
    return index === undefined ? undefined : index + 1
  }

  get expanded(): ReadonlySet<string> {
    const { messages = [], expanded: first } = this.mail.reader.conversation ?? {}
    return new Set(messages.filter(({ id }) => this.#toggled.get(id) ?? first?.has(id)).map(({ id }) => id))
  }

  get folded(): { readonly from: number; readonly to: number } | null {
    return this.#unfolded ? null : foldedRange(this.mail.reader.conversation?.messages ?? [], this.expanded)
  }

  /** The message whose reply is on screen: what the person replies to, else what was typed before and not sent. */
  get replyParent(): Message | undefined {
    const messages = this.mail.reader.conversation?.messages ?? []
    const written = messages.find(({ id }) => id === this.#replyingTo)
    if (written || this.#replyClosed) return written
    return messages.findLast(({ id }) => this.mail.sending.draftOf(id) !== '')
  }

  /** The person writes this reply now; one that was only found does not take the focus. */
  writes(messageId: string): boolean {
    return messageId === this.#replyingTo
  }

  reply(messageId: string): void {
    this.#replyingTo = messageId
    this.#replyClosed = false
  }

  closeReply(): void {
    this.#replyingTo = null
    this.#replyClosed = true
  }

  /** The address bar changed: show what it names. */
  show(segment: string | undefined, threadId: string | undefined): void {
    const stays = segment === this.#segment
    this.#segment = segment
    if (!stays) this.#viewKey = ''
    const { mailbox, view } = this
    // Until the mailboxes are known, the inbox is asked for: its request brings them along.
    if (!mailbox && !this.mail.list) this.mail.show(null)
    else if (view) this.#showView(view)
    else if (mailbox && this.mail.list?.mailboxId !== mailbox.id) {
      this.#target = null
      this.mail.show(mailbox.id)
    }
    if (threadId === this.#threadId) return
    // The reader is empty: who was in it goes on in the list.
    if (threadId === undefined && stays) untrack(() => (this.moves += 1))
    this.#threadId = threadId
    clearTimeout(this.#resting)
    this.#toggled = new Map()
    this.#unfolded = false
    this.#replyingTo = null
    this.#replyClosed = false
    if (threadId === undefined) {
      this.mail.reader.close()
    } else {
      this.current = threadId
      this.mail.reader.open(threadId)
    }
  }

  /** What is in it follows the mailboxes: they are known later, and Spam or Trash may be made. */
  #showView(view: View): void {
    const filter = filterOf(view, this.mail.mailboxes)
    const key = JSON.stringify([view, filter])
    if (this.#viewKey === key) return
    this.#viewKey = key
    this.#target = null
    this.mail.showAll({ filter })
  }

  async openMailbox(mailbox: MailboxItem): Promise<void> {
    this.drawer = false
    this.current = null
    await this.#go(pathOf(mailboxSegment(mailbox)))
  }

  async closeMailbox(): Promise<void> {
    this.current = null
    await this.#go(pathOf('inbox'))
  }

  async openConversation(threadId: string): Promise<void> {
    clearTimeout(this.#resting)
    this.#target = null
    this.current = threadId
    const path = pathOf(this.#openSegment(), threadId)
    // The address follows what is shown: navigating takes longer than showing.
    this.show(this.#segment, threadId)
    await this.#go(path)
  }

  /** The keyboard is there: it may be opened next. */
  lookAt(threadId: string): void {
    this.current = threadId
    this.mail.reader.prefetch(threadId)
  }

  async closeConversation(): Promise<void> {
    clearTimeout(this.#resting)
    await this.#go(pathOf(this.#openSegment()))
  }

  /** Move the keyboard by rows. Who passes a conversation has not read it: the reader follows after a rest. */
  move(by: number, follows: Follows = 'at rest'): void {
    const list = this.mail.list
    if (!list?.total) return
    const at = this.current === null ? undefined : list.indexOf(this.current)
    const index = Math.min(list.total - 1, Math.max(0, at === undefined ? 0 : at + by))
    this.#target = index
    if (!list.row(index)) list.want(index, index + 1)
    this.arrive(follows)
  }

  /** The row to which the keyboard moves is loaded, perhaps. */
  arrive(follows: Follows = 'never'): void {
    const row = this.#target === null ? undefined : this.mail.list?.row(this.#target)
    if (!row) return
    this.#target = null
    this.current = row.threadId
    this.moves += 1
    if (follows !== 'never') this.#follow(row.threadId, follows === 'now' ? 0 : REST)
  }

  #follow(threadId: string, rest: number): void {
    clearTimeout(this.#resting)
    const open = (): void => {
      if (this.#threadId !== undefined && this.#threadId !== threadId) void this.openConversation(threadId)
    }
    if (rest === 0) open()
    else this.#resting = setTimeout(open, rest)
  }

  toggle(message: Message): void {
    const open = !this.expanded.has(message.id)
    this.#toggled = new Map(this.#toggled).set(message.id, open)
    if (open && !message.body) this.mail.reader.load(message.id)
  }

  expandAll(open: boolean): void {
    const messages = this.mail.reader.conversation?.messages ?? []
    this.#unfolded = open
    // Their bodies are asked for when they come near the screen.
    this.#toggled = new Map(messages.map(({ id }) => [id, open]))
  }

  unfold(): void {
    this.#unfolded = true
  }

  /** What is suspicious about its sender, in this conversation; null if nothing is, or the person knows the sender. */
  warningOf(message: Message): Warning | null {
    if (this.#known.has(message.from[0]?.address ?? '')) return null
    const { messages = [] } = this.mail.reader.conversation ?? {}
    const at = messages.findIndex(({ id }) => id === message.id)
    return warningOf(message, messages.slice(0, Math.max(0, at)))
  }

  know(address: string): void {
    this.#known = new Set([...this.#known, address])
  }

  #openSegment(): string {
    return this.#segment ?? (this.mailbox ? mailboxSegment(this.mailbox) : 'inbox')
  }
}

const [get, set] = createContext<MailPage>()

export { get as mailPage, set as setMailPage }
