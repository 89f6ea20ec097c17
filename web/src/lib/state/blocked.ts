import type { Message } from './mail.ts'
import type { Mail } from './mail.svelte.ts'

/** Whether pictures and links of the message are blocked. */
export function isBlocked(message: Message, mail: Pick<Mail, 'isReported'>): boolean {
  if (message.own) return false
  return message.reported || message.from.some(({ address }) => mail.isReported(address))
}
