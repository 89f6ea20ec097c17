/** Lists of recipients. */
import type { Draft, Recipient } from '#lib/writing/domain/draft.ts'
import { addressKey, isAddress } from './address.ts'

/** Those that are added come last; each address stands there once. A name is taken over by one who had none. */
export function withRecipients(list: readonly Recipient[], more: readonly Recipient[]): Recipient[] {
  const all = new Map<string, Recipient>()
  for (const each of [...list, ...more]) {
    const key = addressKey(each.address)
    const before = all.get(key)
    all.set(key, before?.name === '' ? { ...before, name: each.name } : (before ?? each))
  }
  return [...all.values()]
}

export function everybody({ to, cc, bcc }: Pick<Draft, 'to' | 'cc' | 'bcc'>): Recipient[] {
  return [...to, ...cc, ...bcc]
}

/** Those to whom nothing can be sent. */
export function notAddresses(draft: Pick<Draft, 'to' | 'cc' | 'bcc'>): Recipient[] {
  return everybody(draft).filter(({ address }) => !isAddress(address))
}
