// @vitest-environment jsdom
import 'fake-indexeddb/auto'
import { keptSenders, merged } from '#lib/mail/senders.ts'
import type { PartContext } from '#lib/state/part-context.ts'
import { SearchSaver } from '#lib/search/sync/saving-searches.ts'
import { expect, test } from 'vitest'
import { openedWith, Settings } from './settings.ts'

/** Octets that the service takes (`MAX_SIZE` of src/postroom/mail/person_settings.py). */
const MOST = 64 * 1024

test('what is learnt and decided in many years leaves room for 200 labels, and the newest decisions hold', async () => {
  const settings = new Settings()
  const mail = await openedWith(settings)
  const { senders } = mail.part((context: PartContext) => context)
  const day = 20_000
  const known = Array.from({ length: 500 }, (_, at) => ({
    address: `${at}@例え.example`,
    name: '名'.repeat(60),
    wrote: true,
    day
  }))
  const labels = Array.from({ length: 200 }, (_, at) => ({
    keyword: `projekt-${at}`,
    name: `Projekt ${at}`,
    colour: 8
  }))
  settings.document = { labels, senders: { day, known: keptSenders(merged(known, [])) } }
  for (const decisions of [senders.pictures, senders.warnings, senders.reported])
    for (let at = 0; at < 250; at += 1) await decisions.add(`nearMiss ${'名'.repeat(20)}@example.org ${at}@example.net`)
  expect(new TextEncoder().encode(JSON.stringify(settings.document)).length).toBeLessThan(MOST)
  expect(senders.warnings.has(`nearMiss ${'名'.repeat(20)}@example.org 249@example.net`)).toBe(true)
})

test('a decision that is made again is the newest', async () => {
  const mail = await openedWith(new Settings())
  const { senders } = mail.part((context: PartContext) => context)
  for (let at = 0; at < 15; at += 1) await senders.warnings.add(`${at}${'x'.repeat(580)}`)
  await senders.warnings.add(`0${'x'.repeat(580)}`)
  await senders.warnings.add(`15${'x'.repeat(580)}`)
  expect([0, 1, 15].map((at) => senders.warnings.has(`${at}${'x'.repeat(580)}`))).toEqual([true, false, true])
})

test('parts of the document that only a newer version knows stay, whatever is changed', async () => {
  const settings = new Settings()
  settings.document = { searches: { saved: [], newer: 1 }, pictures: { newer: 2 }, newer: 3 }
  const mail = await openedWith(settings)
  const { saved, document } = mail.part((context: PartContext) => context)
  await new SearchSaver(saved, document).save('', 'is:unread')
  await mail.allowPictures('mara@example.net')
  expect(settings.document).toMatchObject({ searches: { newer: 1 }, pictures: { newer: 2 }, newer: 3 })
})
