import { expect, test } from 'vitest'
import { keptSenders, knownSenders, learnt, merged, type KnownSender } from './senders.ts'

const known = (address: string, name: string, wrote = true): KnownSender => ({ address, name, wrote, day: 20_000 })

test('who wrote on three days is known, however their address is written, and nobody by many mails of two days', () => {
  const seen = (address: string, day: number) => ({ people: [{ name: 'N', address }], wrote: false, day })
  const mail = [seen('b@x.de', 1), seen('b@x.de', 1), seen('B@x.de', 2), ...[1, 2, 9].map((day) => seen('C@x.de', day))]
  expect(learnt(mail, () => false)).toEqual([{ address: 'c@x.de', name: 'N', wrote: false, day: 9 }])
})

test('the recipients of a circular are not known', () => {
  const people = Array.from({ length: 30 }, (_, at) => ({ name: '', address: `${at}@x.de` }))
  const few = people.slice(0, 20)
  expect(learnt([{ people, wrote: true, day: 1 }], () => false)).toEqual([])
  expect(learnt([{ people: few, wrote: true, day: 1 }], () => false)).toHaveLength(20)
})

test('two devices both keep what they learnt, in whatever order', () => {
  const one = [known('a@x.de', 'A', false)]
  const other = [known('b@x.de', 'B'), { ...known('A@x.de', ''), day: 30_000 }]
  expect(merged(one, other)).toEqual(merged(other, one))
  expect(merged(one, other)).toEqual([
    { address: 'a@x.de', name: 'A', wrote: true, day: 30_000 },
    { address: 'b@x.de', name: 'B', wrote: true, day: 20_000 }
  ])
})

test('what is kept stays small, and those to whom the person wrote stay in it', () => {
  const many = Array.from({ length: 2_000 }, (_, at) =>
    known(`${'x'.repeat(30)}${at}@example.org`, 'N'.repeat(200), at < 50)
  )
  const kept = merged(many, [])
  expect(JSON.stringify(keptSenders(kept)).length).toBeLessThan(16_000)
  expect(kept.filter(({ wrote }) => wrote)).toHaveLength(50)
  expect(knownSenders(JSON.parse(JSON.stringify(keptSenders(kept))))).toEqual(kept)
})

test('what another program wrote there is left out', () => {
  const rows = [null, [], ['a'], ['a@x.de', 'A', 1, 7], ['a@x.de', 1, 1, 7], ['b@x.de', '', 0, 'x']]
  expect(knownSenders(rows)).toEqual([{ address: 'a@x.de', name: 'A', wrote: true, day: 7 }])
})
