/** How the open conversation is read: what of it is expanded, what is suspicious, whose pictures are shown, what is replied to. */
import { isGrave, warningOf, type Warning } from '#lib/mail/warnings.ts'
import type { EarlyKeys } from '#lib/state/early-keys.ts'
import type { MailboxItem, Message } from '#lib/state/mail.ts'
import type { Mail } from '#lib/state/mail.svelte.ts'
import { isBlocked } from '#lib/state/blocked.ts'
import type { Suspicions } from '#lib/state/suspicions.svelte.ts'
import type { Writing } from '#lib/writing/state/writing.svelte.ts'

/** More read messages than this in a row become one line, "8 earlier messages". */
const FOLD_FROM = 7

export type ReplyKind = 'reply' | 'replyAll' | 'forward' | 'forwardAsAttachment'

interface Page {
  readonly mailbox: MailboxItem | undefined
  readonly early: EarlyKeys
}

export class Reading {
  readonly #mail: Mail
  readonly #writing: Writing
  readonly #page: Page
  /** the message where the focus was last */
  message = $state<string | null>(null)
  /** what the person wants to reply to a suspicious sender, and is asked about */
  asking = $state.raw<{ readonly kind: ReplyKind; readonly message: Message } | null>(null)
  /** expanded or collapsed by the person; other messages follow the rule */
  #toggled = $state.raw<ReadonlyMap<string, boolean>>(new Map())
  #unfolded = $state(false)
  /** null until the reader is there */
  suspicions = $state.raw<Suspicions | null>(null)
  /** messages about whose sender the person was asked before a reply */
  readonly #agreed = new Set<string>()
  /** messages whose remote pictures are shown this time */
  #pictured = $state.raw<ReadonlySet<string>>(new Set())

  constructor(mail: Mail, writing: Writing, page: Page) {
    this.#mail = mail
    this.#writing = writing
    this.#page = page
  }

  /** Another conversation is open, or none. */
  anew(): void {
    this.#toggled = new Map()
    this.#unfolded = false
    this.#pictured = new Set()
    this.message = null
    if (this.asking) this.decide(false)
  }

  get expanded(): ReadonlySet<string> {
    const { messages = [], expanded: first } = this.#mail.reader.conversation ?? {}
    return new Set(messages.filter(({ id }) => this.#toggled.get(id) ?? first?.has(id)).map(({ id }) => id))
  }

  get folded(): { readonly from: number; readonly to: number } | null {
    return this.#unfolded ? null : foldedRange(this.#mail.reader.conversation?.messages ?? [], this.expanded)
  }

  /** Reply, or forward. Before a reply to a suspicious sender the person is asked once; a forward goes to others. */
  reply(kind: ReplyKind, message: Message): void {
    const warning = kind.startsWith('reply') ? this.warningOf(message) : null
    const asks = warning !== null && isGrave(warning) && !this.#agreed.has(message.id)
    if (asks) {
      this.asking = { kind, message }
      this.#page.early.begin().addEventListener('abort', () => this.decide(false))
    } else void this.#writing.start({ kind, message })
  }

  /** The person decided about the question: `on` to write in spite of the warning. */
  decide(on: boolean): void {
    const { asking } = this
    this.asking = null
    if (!on) this.#page.early.take()
    if (!asking || !on) return
    this.#agreed.add(asking.message.id)
    void this.#writing.start(asking)
  }

  toggle(message: Message): void {
    const open = !this.expanded.has(message.id)
    this.#toggled = new Map(this.#toggled).set(message.id, open)
    if (open && !message.body) this.#mail.reader.load(message.id)
  }

  /** The message where the focus was last. */
  get reached(): Message | undefined {
    return this.#mail.reader.conversation?.messages.find(({ id }) => id === this.message)
  }

  expandAll(open: boolean): void {
    const messages = this.#mail.reader.conversation?.messages ?? []
    this.#unfolded = open
    // Their bodies are asked for when they come near the screen.
    this.#toggled = new Map(messages.map(({ id }) => [id, open]))
  }

  unfold(): void {
    this.#unfolded = true
  }

  /** What is suspicious about its sender, in this conversation; null if nothing is that the person does not know. */
  warningOf(message: Message): Warning | null {
    const { messages = [] } = this.#mail.reader.conversation ?? {}
    const at = messages.findIndex(({ id }) => id === message.id)
    const isKnown = (warning: Warning): boolean => this.#mail.knowsWarning(warning)
    const first = warningOf(message, messages.slice(0, Math.max(0, at)), isKnown)
    return first ?? this.suspicions?.warningOf(message, isKnown) ?? null
  }

  /** Whether its remote pictures are shown: this time, or always from its senders. */
  showsPictures(message: Message): boolean {
    if (this.#mail.preferences.chosen.pictures === 'never' || isBlocked(message, this.#mail)) return false
    if (this.#pictured.has(message.id)) return true
    return this.mayRemember(message) && message.from.every(({ address }) => this.#mail.picturesAllowed(address))
  }

  showPictures(message: Message): void {
    this.#pictured = new Set(this.#pictured).add(message.id)
  }

  /** Something is allowed for good only to a sender who is confirmed: else it would be allowed to whoever takes their name. */
  mayRemember(message: Message): boolean {
    return message.authentication === 'passed' && this.isUnsuspicious(message)
  }

  /** It has a sender, about whom nothing is suspicious, and does not lie in Spam. */
  isUnsuspicious(message: Message): boolean {
    if (isBlocked(message, this.#mail)) return false
    return Boolean(message.from[0]?.address) && this.#page.mailbox?.role !== 'junk' && this.warningOf(message) === null
  }
}

/** The messages of the conversation that are shown as one line: the range from `from` to before `to`; null for none. */
export function foldedRange(
  messages: readonly Message[],
  expanded: ReadonlySet<string>
): { readonly from: number; readonly to: number } | null {
  const firstExpanded = messages.findIndex((message) => expanded.has(message.id))
  // The first message and the one before the first expanded one stay: they say what it is about.
  const [from, to] = [1, (firstExpanded < 0 ? messages.length : firstExpanded) - 1]
  return to - from >= FOLD_FROM - 1 ? { from, to } : null
}
