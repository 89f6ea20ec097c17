import { describe, expect, test } from 'vitest'
import { openedWith, Settings } from './settings.ts'
import { World } from './world.ts'

describe('the language that a person chose', () => {
  test('on another device is spoken here', async () => {
    const [settings, world] = [new Settings(), new World()]
    settings.document = { language: 'de' }
    await openedWith(settings, world)
    expect(world.language.spoken).toBe('de')
  })

  test('here, before they signed in, goes before that and is kept, without touching anything else', async () => {
    const [settings, world] = [new Settings(), new World()]
    settings.document = { language: 'en', theme: 'dark' }
    world.language.unsaved = 'de'
    await openedWith(settings, world)
    expect(settings.document).toEqual({ language: 'de', theme: 'dark' })
    expect(world.language).toMatchObject({ unsaved: null, spoken: 'en' })
  })

  test('beside their mail is kept', async () => {
    const [settings, world] = [new Settings(), new World()]
    const mail = await openedWith(settings, world)
    world.language.unsaved = 'de'
    await mail.keepLanguage()
    expect([settings.document, world.language.unsaved]).toEqual([{ language: 'de' }, null])
  })

  test('waits on this device while the service cannot keep it', async () => {
    const world = new World()
    const mail = await openedWith(null, world)
    world.language.unsaved = 'de'
    await mail.keepLanguage()
    expect([world.language.unsaved, world.mistakes]).toEqual(['de', []])
  })

  test.each([{ language: 1 }, { language: null }, {}])('in an unreadable document %j is none', async (document) => {
    const [settings, world] = [new Settings(), new World()]
    settings.document = document
    await openedWith(settings, world)
    expect(world.language.spoken).toBe('en')
  })
})
