/** What is wrong with a filter, so that it cannot be saved. */
import { isAddress } from '#lib/writing/domain/address.ts'
import type { Folders } from './action-code.ts'
import { DESTINATIONS, hasValue, type Condition, type Filter, type FilterAction } from './filter.ts'
import { mayAsk, mayDo, type Offers } from './offers.ts'
import { LONGEST_TEXT, octetsOf } from './text.ts'

export type ConditionFault = 'empty' | 'header' | 'size' | 'long' | 'server'
export type ActionFault = 'empty' | 'gone' | 'address' | 'twice' | 'server'

/** RFC 5322 §3.6.8 */
export function isHeaderName(text: string): boolean {
  return /^[!-9;-~]{1,200}$/.test(text)
}

export function conditionFault(condition: Condition, offers: Offers): ConditionFault | null {
  const { field, value, header } = condition
  if (!mayAsk(field, offers)) return 'server'
  if (field === 'attachment') return null
  if (field === 'header' && !isHeaderName(header.trim())) return 'header'
  if (field === 'size') return /^\d{1,10}$/.test(value) && Number(value) > 0 ? null : 'size'
  // In a pattern, any letter stands for a backslash: that would hit all mail.
  if (value.replaceAll('\\', '').trim() === '') return 'empty'
  // Each `*` of it takes two octets in the script.
  return octetsOf(value) > LONGEST_TEXT / 2 - 8 ? 'long' : null
}

export function actionFault(
  action: FilterAction,
  { actions }: Pick<Filter, 'actions'>,
  folders: Folders,
  offers: Offers
): ActionFault | null {
  const { kind, value } = action
  if (!mayDo(kind, offers)) return 'server'
  const others = actions.filter((one) => one !== action)
  if (DESTINATIONS.includes(kind) && others.some((one) => DESTINATIONS.includes(one.kind))) return 'twice'
  if (others.some((one) => one.kind === kind && one.value === value)) return 'twice'
  if (hasValue(kind) && value.trim() === '') return 'empty'
  if (kind === 'forward') return isAddress(value.trim()) ? null : 'address'
  return (kind === 'move' || kind === 'copy') && folders.pathOf(value) === null ? 'gone' : null
}

export function isWhole(filter: Filter, folders: Folders, offers: Offers): boolean {
  const { conditions, actions } = filter
  return (
    conditions.length > 0 &&
    actions.length > 0 &&
    conditions.every((one) => conditionFault(one, offers) === null) &&
    actions.every((one) => actionFault(one, filter, folders, offers) === null)
  )
}

/** Folders of it that there are no more: its mail stays in the Inbox. */
export function isWithoutFolder({ actions }: Pick<Filter, 'actions'>, folders: Folders): boolean {
  return actions.some(({ kind, value }) => (kind === 'move' || kind === 'copy') && folders.pathOf(value) === null)
}

/** Addresses to which mail is sent on. */
export function forwardsOf(filters: readonly Pick<Filter, 'actions'>[]): readonly string[] {
  return filters.flatMap(({ actions }) => actions.filter(({ kind }) => kind === 'forward').map(({ value }) => value))
}
