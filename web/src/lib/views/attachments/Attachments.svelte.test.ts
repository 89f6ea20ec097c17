// @vitest-environment jsdom
import { after, draw, pageOf, type Drawn } from '../../../../tests/drawn.ts'
import type { BodyPart } from '#lib/jmap/types.ts'
import Reader from '#lib/views/reader/Reader.svelte'
import { afterEach, expect, test, vi } from 'vitest'
import { ModelServer } from '../../../../tests/model-server.ts'

const ends: (() => void)[] = []

afterEach(() => {
  ends.splice(0).forEach((end) => end())
  vi.restoreAllMocks()
})

function part(name: string, type: string, more: Partial<BodyPart> = {}): BodyPart {
  return { partId: null, blobId: name, size: 34, name, type, disposition: 'attachment', cid: null, ...more }
}

const FILES = [
  part('notes.txt', 'text/plain', { charset: 'iso-8859-1' }),
  part('logo.svg', 'image/svg+xml'),
  part('plan.pdf', 'application/pdf')
]

/** A message with files, open; `fetched`: the files that were asked for. */
async function reading(
  sender = { name: 'Ann', email: 'ann@example.net' },
  status = 200,
  attachments = FILES
): Promise<Drawn & { fetched: string[] }> {
  const server = new ModelServer()
  server.deliver({ threadId: 'a', from: [sender], hasAttachment: true, attachments })
  const fetched: string[] = []
  server.interrupt = (path) => {
    if (!path.startsWith('/jmap/download/')) return null
    fetched.push(path.split('/').at(-1) ?? '')
    return new Response(Uint8Array.of(0x47, 0x72, 0xfc, 0xdf, 0x65), { status })
  }
  const drawn = await pageOf(server)
  await after(() => drawn.page.show('inbox', 'a'))
  ends.push(await draw(drawn, Reader, { now: new Date(drawn.world.time) }))
  await after(() => undefined)
  return { ...drawn, fetched }
}

function rows(): HTMLButtonElement[] {
  return [...document.querySelectorAll<HTMLButtonElement>('section[aria-label="Attachments"] li > button')]
}

const viewer = (): HTMLDialogElement | null => document.querySelector('article dialog')

test('each file has its name, its size and a way to save it under that name', async () => {
  await reading()
  expect(rows().map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())).toEqual([
    'Preview notes.txt notes.txt 34 bytes',
    'Preview logo.svg logo.svg 34 bytes',
    'Preview plan.pdf plan.pdf 34 bytes'
  ])
  const links = [...document.querySelectorAll<HTMLAnchorElement>('section a')]
  expect(links.map((link) => link.getAttribute('download'))).toEqual(['notes.txt', 'logo.svg', 'plan.pdf'])
  expect(document.querySelector('section[aria-label="Attachments"]')?.textContent).toContain('Save all 3')
})

test('a file is saved under the name that is shown, which its address says, too: browsers prefer that', async () => {
  const names = ['annexe\u202egpj.exe', '../a:b?.txt', '.~rc. ', 'NUL.txt', `${'x'.repeat(300)}.pdf`, 'A.jpg', 'a.jpg']
  await reading(
    undefined,
    undefined,
    names.map((name, at) => part(name, 'image/png', { blobId: String(at) }))
  )
  const shown = rows().map((row) => row.querySelector('.name')?.textContent)
  expect(shown).toEqual([
    'annexegpj.exe',
    '_a_b_.txt',
    'rc',
    '_NUL.txt',
    `${'x'.repeat(176)}.pdf`,
    'A.jpg',
    'a (2).jpg'
  ])
  for (const [at, link] of [...document.querySelectorAll<HTMLAnchorElement>('section a')].entries()) {
    const address = new URL(link.href)
    expect([link.download, decodeURIComponent(address.pathname.split('/').at(-1) ?? '')]).toEqual([
      shown[at],
      shown[at]
    ])
    // Firefox gives a file the extension of its type.
    expect(address.search).not.toContain('image')
  }
  await after(() => rows()[0]?.click())
  expect(viewer()?.textContent).toContain('annexegpj.exe')
})

test('a text is shown as text, by its charset', async () => {
  await reading()
  await after(() => rows()[0]?.click())
  await after(() => undefined)
  expect(viewer()?.querySelector('pre')?.textContent).toBe('Grüße')
  await after(() => viewer()?.close())
  expect(viewer()).toBeNull()
})

test('of a file that is not shown the preview says why, and nothing of it is fetched', async () => {
  const { fetched } = await reading()
  await after(() => rows()[1]?.click())
  expect(viewer()?.textContent).toContain('SVG files are not previewed')
  await after(() => viewer()?.querySelector<HTMLButtonElement>('[aria-label="Next attachment"]')?.click())
  expect(viewer()?.textContent).toContain('Only pictures and plain text are previewed')
  expect(fetched).toEqual([])
})

test('below a warning nothing is previewed, until the person knows the sender', async () => {
  const { fetched, mail } = await reading({ name: 'boss@example.org', email: 'thief@example.net' })
  expect(rows().map((row) => row.getAttribute('aria-disabled'))).toEqual(['true', 'true', 'true'])
  expect(rows()[0]?.textContent).toContain('bytes · Not previewed because of the warning')
  await after(() => rows()[0]?.click())
  expect([viewer(), fetched]).toEqual([null, []])
  await after(
    () =>
      void mail
        .knowWarning({ kind: 'nameIsAddress', shown: 'boss@example.org', real: 'thief@example.net' })
        .catch(() => undefined)
  )
  await after(() => rows()[0]?.click())
  expect(viewer()?.querySelector('pre')?.textContent).toBe('Grüße')
})

test('offline, a file that this device does not have can be neither opened nor saved', async () => {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  await reading(undefined, 504)
  expect(rows()[0]?.textContent).toContain('Not on this device')
  expect(document.querySelectorAll('section[aria-label="Attachments"] a')).toHaveLength(0)
  await after(() => rows()[0]?.click())
  expect(viewer()).toBeNull()
})
