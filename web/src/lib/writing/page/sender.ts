/** Another address to write from, and with it another signature. */
import { cleanHtml } from '#lib/writing/domain/quote-html.ts'
import { exchangeSignature } from '#lib/writing/domain/signature.ts'
import type { Compose, Composition } from '#lib/writing/state/compose.ts'

/** The exchanges of each draft, one after the other: each finds the signature that the one before put there. */
const turns = new WeakMap<Composition, Promise<void>>()

/** The signature is exchanged where the person has left it as it was (`exchangeSignature`). */
export async function writeAs(
  composition: Composition,
  identityId: string,
  { identities }: Pick<Compose, 'identities'>
): Promise<void> {
  const { identityId: before } = composition.draft
  const old = identities.find(({ id }) => id === before) ?? identities[0] ?? null
  const next = identities.find(({ id }) => id === identityId) ?? null
  composition.change({ identityId })
  const turn = (turns.get(composition) ?? Promise.resolve()).then(() => {
    const { html, text } = exchangeSignature(composition.draft, old, next, cleanHtml)
    composition.change({ html, text })
  })
  turns.set(composition, turn)
  return turn
}
