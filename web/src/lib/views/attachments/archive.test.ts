import { archiveOf } from '#lib/views/attachments/archive.ts'
import { expect, test } from 'vitest'

const TIME = new Date(Date.UTC(2026, 10, 26))
const files = (...names: string[]): { name: string }[] => names.map((name) => ({ name }))
const found = ({ name }: { name: string }): Promise<Blob> => Promise.resolve(new Blob([`of ${name}`]))

/** The names in the central directory (APPNOTE §4.3.12). */
async function namesIn(archive: Blob): Promise<string[]> {
  const octets = new Uint8Array(await archive.arrayBuffer())
  const view = new DataView(octets.buffer)
  const starts = [...octets.keys()].filter((at) => at + 4 <= octets.length && view.getUint32(at, true) === 0x02014b50)
  return starts.map((at) => new TextDecoder().decode(octets.subarray(at + 46, at + 46 + view.getUint16(at + 28, true))))
}

test('the files of an archive have the names that are shown', async () => {
  const names = ['a.jpg', 'a (2).jpg', '_.._up.txt', 'Grüße.pdf']
  expect(await namesIn(await archiveOf(files(...names), TIME, found))).toEqual(names)
})

test('if one file cannot be had, there is no archive that lacks it', async () => {
  const failing = (file: { name: string }): Promise<Blob> =>
    file.name === 'b' ? Promise.reject(new Error('away')) : found(file)
  await expect(archiveOf(files('a', 'b'), TIME, failing)).rejects.toThrow('away')
})
