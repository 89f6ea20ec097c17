/** SearchSnippet/get of the model server (RFC 8621 §5.1): the words of `text` conditions, marked. */
import type { Arguments, Filter, Id } from '#lib/jmap/types.ts'
import type { Stored } from './stored.ts'

export function snippets(emails: ReadonlyMap<Id, Stored>, args: Arguments): Arguments {
  const words = wordsIn(args['filter'] as Filter)
  const list = (args['emailIds'] as Id[]).flatMap((emailId) => {
    const email = emails.get(emailId)
    return email ? [{ emailId, subject: marked(email.subject, words), preview: marked(email.preview, words) }] : []
  })
  return { list, notFound: null }
}

function wordsIn(filter: Filter): string[] {
  if (!('operator' in filter)) return filter.text === undefined ? [] : [filter.text]
  return filter.operator === 'NOT' ? [] : filter.conditions.flatMap(wordsIn)
}

function marked(text: string | null | undefined, words: readonly string[]): string | null {
  const escaped = (text ?? '').replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const found = words.reduce((all, word) => all.replaceAll(word, `<mark>${word}</mark>`), escaped)
  return found === escaped ? null : found
}
