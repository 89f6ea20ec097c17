/** Does to conversations what the person wants, says so, and goes on from there. Loaded with the commands. */
import type { Action } from '#lib/state/mail.ts'
import { MOST_UNDONE } from '#lib/actions/domain/action.ts'
import { neighbourOf, type Way } from '#lib/actions/state/neighbour.ts'
import type { Said } from '#lib/state/notices.svelte.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import { saidOf } from '#lib/actions/state/said.ts'

export interface How {
  /** which conversation opens in place of one that leaves the list */
  readonly way?: Way | 'list'
  /** these, and not what is selected, current or open */
  readonly threadIds?: readonly string[]
}

export function act(
  page: MailPage,
  action: Action,
  { way = page.preferences.chosen.after, threadIds }: How = {}
): void {
  const { triage } = page
  if (!threadIds && triage.selection.all) {
    askFirst(page, action, () => runOnAll(page, action))
    return
  }
  const targets = threadIds ?? triage.targets
  if (targets.length === 0) return
  askFirst(page, action, () => runOn(page, action, targets, way), targets.length)
}

/** Only what cannot be undone is asked. `count`: of conversations, if not all that match. */
function askFirst(page: MailPage, action: Action, run: () => void, count?: number): void {
  const { triage } = page
  const number = count ?? triage.count
  const isLarge = count === undefined && (number === null || number > MOST_UNDONE)
  if (action.kind !== 'destroy' && !isLarge) run()
  else triage.dialog = { kind: 'question', action, count: number, run }
}

function runOn(page: MailPage, action: Action, targets: readonly string[], way: Way | 'list'): void {
  const { mail, triage, notices } = page
  const leaving = new Set(targets)
  const [{ current }, open] = [page.cursor, page.threadId]
  const next = (from: string | null | undefined): string | undefined =>
    mail.list && typeof from === 'string' && leaving.has(from)
      ? neighbourOf(mail.list, from, leaving, way === 'list' ? 'older' : way)
      : undefined
  const [nextOpen, nextCurrent] = [next(open), next(current)]
  const focused = isInList()
  const applied = mail.actions.run(action, targets)
  triage.end()
  if (!applied && mail.actions.isHeld(action, targets)) notices.say(({ said: { held } }) => held)
  if (!applied) return
  const text = saidOf(action, applied.conversations, mail)
  const said: Said = triage.waits ? ({ said: { waits } }) => waits : text
  notices.say(said, action.kind === 'destroy' ? null : { run: applied.undo, done: ({ said: { undone } }) => undone })
  if (open !== undefined && leaving.has(open) && left(page, open)) goOn(page, way === 'list' ? undefined : nextOpen)
  else if (current !== null && leaving.has(current) && left(page, current) && nextCurrent !== undefined) {
    if (focused) page.cursor.goTo(nextCurrent)
    else page.cursor.current = nextCurrent
  }
}

/** Which actions remove a conversation from this list is known by what the list shows now. */
function left({ mail }: MailPage, threadId: string): boolean {
  return mail.list?.indexOf(threadId) === undefined
}

function goOn(page: MailPage, next: string | undefined): void {
  if (next === undefined) void page.closeConversation()
  else void page.openConversation(next)
  // The row that had the focus is gone.
  if (next !== undefined && isInList()) page.cursor.goTo(next)
}

function isInList(): boolean {
  const focused = 'document' in globalThis ? document.activeElement : null
  return !focused || focused === document.body || focused.closest('[role="grid"]') !== null
}

function runOnAll(page: MailPage, action: Action): void {
  page.mail.actions.runOnAll(action)
  page.triage.end()
}
