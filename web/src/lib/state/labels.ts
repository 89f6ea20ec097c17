/** The labels of a row or of a conversation, as they are shown. */
import type { Label, Mail } from '#lib/state/mail.ts'

/** A keyword that nobody gave a name was set by another program: it is no label. */
export function labelsOf(mail: Pick<Mail, 'labels'>, keywords: readonly string[]): readonly Label[] {
  return keywords.flatMap((keyword) => mail.labels.byKeyword(keyword) ?? [])
}
