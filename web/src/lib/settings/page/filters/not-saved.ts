/** Why filters or a reply are not saved, in words: they stand in one script, for which the mail server has a limit. */
import type { Trouble } from '#lib/state/mail.ts'

/** RFC 9661 §2.2, RFC 8620 §5.3; the latter also for a file that is too large to be uploaded */
const TOO_LARGE = new Set(['overQuota', 'tooLarge'])

export function notSaved(
  trouble: Trouble | null,
  words: { readonly tooLarge: string; readonly notSaved: string }
): string {
  return TOO_LARGE.has(trouble?.code ?? '') ? words.tooLarge : words.notSaved
}
