/** A filter that begins with a message. */
import { suggestionsFor } from '#lib/settings/domain/suggestion.ts'
import { nameOf } from '#lib/mail/people.ts'
import type { Filters } from './filters.ts'
import type { Message } from '#lib/state/message.ts'

export function proposalFrom(
  { from, list, subject }: Pick<Message, 'from' | 'list' | 'subject'>,
  id: string
): NonNullable<Filters['proposal']> {
  const [sender] = from
  const suggestions = suggestionsFor({ sender: sender?.address || null, listId: list || null, subject })
  const conditions = suggestions.filter(({ chosen }) => chosen).map(({ condition }) => condition)
  const name = (sender && nameOf(sender, sender.address)) ?? ''
  const actions = [{ kind: 'move', value: '' }] as const
  return { suggestions, filter: { id, name, on: true, match: 'all', conditions, actions, stop: true } }
}
