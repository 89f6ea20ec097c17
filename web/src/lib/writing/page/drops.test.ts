import { longText } from '#lib/writing/page/drops.ts'
import { expect, test } from 'vitest'

function pasted(text: string, html = ''): DataTransfer {
  return { getData: (type: string) => (type === 'text/html' ? html : text) } as DataTransfer
}

test('a text that is too long to be edited becomes a file with all of it', async () => {
  const text = 'Zeile ü\n'.repeat(150_000)
  const file = longText(pasted(text, '<p>x</p>'), 'Pasted text.txt')
  expect([file?.name, await file?.text()]).toEqual(['Pasted text.txt', text])
})

test('HTML that is too long and has no text beside it becomes a file of HTML', async () => {
  const html = '<p>x</p>'.repeat(150_000)
  const file = longText(pasted('', html), 'Pasted text.txt')
  expect([file?.name, file?.type, await file?.text()]).toEqual(['Pasted text.html', 'text/html', html])
})

test('other texts go into the message', () => {
  expect([longText(pasted('x'.repeat(100_000)), 'a.txt'), longText(null, 'a.txt')]).toEqual([null, null])
})
