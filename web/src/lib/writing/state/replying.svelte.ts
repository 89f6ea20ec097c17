/** A reply to what was sent last in the open conversation, which may still load. */
import type { Message } from '#lib/state/mail.ts'
import type { MailPage } from '#lib/state/page.svelte.ts'
import type { ReplyKind } from '#lib/state/reading.svelte.ts'
import { untrack } from 'svelte'

function lastOf({ mail, threadId }: MailPage): Message | undefined {
  const { conversation } = mail.reader
  return conversation?.threadId === threadId ? conversation?.messages.findLast((message) => !message.draft) : undefined
}

function isComing({ mail, threadId }: MailPage): boolean {
  const { conversation } = mail.reader
  return threadId !== undefined && conversation?.threadId === threadId && conversation.freshness === 'loading'
}

export function canReply(page: MailPage): boolean {
  return lastOf(page) !== undefined || isComing(page)
}

/**
 * What is typed until it is there is a part of the reply. Where the keyboard has gone on in the list, the reply is to the
 * conversation there, which the reader has not followed yet.
 */
export function replyToLast(page: MailPage, kind: ReplyKind): void {
  const { reached } = page.cursor
  if (reached !== undefined && reached !== page.threadId) void page.openConversation(reached)
  const { threadId } = page
  const reply = (): void => {
    const last = page.threadId === threadId ? lastOf(page) : undefined
    if (last) page.reading.reply(kind, last)
    else page.early.fail()
  }
  if (!isComing(page)) {
    reply()
    return
  }
  const end = $effect.root(() => {
    $effect(() => {
      if (page.threadId === threadId && isComing(page)) return
      end()
      untrack(reply)
    })
  })
  page.early.begin().addEventListener('abort', end)
}
