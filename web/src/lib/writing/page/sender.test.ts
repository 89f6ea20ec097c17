// @vitest-environment jsdom
import { FakeCompositions, type FakeComposition } from '../../../../tests/fake-compositions.svelte.ts'
import type { Draft } from '#lib/writing/domain/draft.ts'
import type { Identity } from '#lib/writing/state/compose.ts'
import { writeAs } from '#lib/writing/page/sender.ts'
import { expect, test } from 'vitest'

function identityOf(id: string, textSignature: string): Identity {
  return { id, name: id, address: `${id}@example.com`, textSignature, htmlSignature: '' }
}

const identities = [identityOf('work', 'Alice, Papierwerk'), identityOf('home', 'Alice'), identityOf('club', '')]

function writing(draft: Partial<Draft>): FakeComposition {
  return new FakeCompositions().begin(draft)
}

test('another address brings its own signature, in the place of the one that is untouched', async () => {
  const composition = writing({ format: 'plain', text: 'Hello\n\n-- \nAlice, Papierwerk' })
  await writeAs(composition, 'home', { identities })
  expect(composition.draft).toMatchObject({ identityId: 'home', text: 'Hello\n\n-- \nAlice' })
})

test('a signature that the person changed stays', async () => {
  const html = '<div>Hello</div><div data-signature="">Alice, on holiday</div>'
  const composition = writing({ format: 'rich', html })
  await writeAs(composition, 'home', { identities })
  expect(composition.draft).toMatchObject({ identityId: 'home', html })
})

test('several changes at once end with the signature of the last one, and no typed word is lost', async () => {
  const composition = writing({ format: 'plain', text: 'Hello\n\n-- \nAlice, Papierwerk' })
  const changes = ['club', 'home'].map((id) => writeAs(composition, id, { identities }))
  composition.change({ text: 'Hello Mara\n\n-- \nAlice, Papierwerk' })
  await Promise.all(changes)
  expect(composition.draft).toMatchObject({ identityId: 'home', text: 'Hello Mara\n\n-- \nAlice' })
})
