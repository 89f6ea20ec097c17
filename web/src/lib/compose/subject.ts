/** What a reply and a forwarded message are called: one prefix, whatever other programs and languages put in front. */
import { baseSubject } from '#lib/mail/base-subject.ts'

export function replySubject(subject: string): string {
  return `Re: ${baseSubject(subject)}`
}

export function forwardSubject(subject: string): string {
  return `Fwd: ${baseSubject(subject)}`
}
