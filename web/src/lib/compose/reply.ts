/** Whom a reply goes to, what it is called, and what it quotes. */
import type { Person } from '#lib/mail/people.ts'

export interface ParentAddresses {
  readonly from: readonly Person[]
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly replyTo: readonly Person[]
  readonly subject: string
  readonly own: boolean
}

/** Reply-To wins over From (RFC 5322 §3.6.2). A reply to one's own message goes to whom that one went to. */
export function replyTo(message: ParentAddresses): readonly Person[] {
  if (message.own) return message.to.length > 0 ? message.to : message.from
  return message.replyTo.length > 0 ? message.replyTo : message.from
}

/** "Re: " once, whatever other programs put in front ("AW:", "SV:", "Re[2]:"). */
export function replySubject(subject: string): string {
  return `Re: ${subject.replace(/^(?:\s*(?:re|aw|antw|sv|vs|odp|ref)(?:\[\d+\])?\s*:\s*)+/iu, '').trim()}`
}

/** The text with "> " in front of each line (RFC 3676 §4.5), below its introduction. */
export function quote(text: string, introduction: string): string {
  const lines = text.replace(/\r\n?/g, '\n').trimEnd().split('\n')
  return `${introduction}\n${lines.map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd())).join('\n')}\n`
}
