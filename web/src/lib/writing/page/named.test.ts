import { named } from '#lib/writing/page/named.ts'
import { expect, test } from 'vitest'

test.each([
  ['', 'attachment'],
  [' \u200b', 'attachment'],
  ['annexe\u202egpj.exe', 'annexegpj.exe'],
  ['line\nbreak.txt', 'line break.txt'],
  ['plan (2).pdf', 'plan (2).pdf']
])('a file called %j is attached as %j, with its content and type', async (name, shown) => {
  const [file] = named([new File(['words'], name, { type: 'text/plain' })])
  expect([file?.name, file?.type, await file?.text()]).toEqual([shown, 'text/plain', 'words'])
})
