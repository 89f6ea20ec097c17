import { expect, test } from 'vitest'
import { attachmentMentioned } from './attachment-mentioned.ts'
import type { DraftFile } from './draft.ts'

const FILE: DraftFile = { id: 'f', name: 'a.pdf', type: 'application/pdf', size: 1, blobId: null, cid: null }
const plain = (text: string, files: DraftFile[] = []) => attachmentMentioned({ format: 'plain', html: '', text, files })

test.each([
  ['Please see the attached file.', 'attached'],
  ['The invoice is in the attachment', 'attachment'],
  ['Anbei die Rechnung', 'Anbei'],
  ['Siehe Anhang.', 'Anhang'],
  ['die beigefügten Bilder', 'beigefügten'],
  ['In der\nAnlage finden Sie', 'In der\nAnlage'],
  ['Veuillez trouver ci-joint le devis', 'ci-joint'],
  ['la pièce jointe', 'pièce jointe'],
  ['Te adjunto el contrato', 'adjunto'],
  ['In allegato trova', 'In allegato'],
  ['zie bijlage', 'bijlage']
])('%j mentions one', (text, word) => {
  expect(plain(text)).toBe(word)
})

test.each([
  'Hello',
  'She is detached.',
  'Die Anlage läuft.',
  'On Monday, Mara wrote:\n> see the attached file',
  'Mara wrote, see attached:\n> hello',
  'FYI\n\n---------- Forwarded message ----------\nFrom: Mara\n\nsee the attached file',
  'Hello\n-- \nThe attachment company'
])('%j mentions none of the person', (text) => {
  expect(plain(text)).toBeNull()
})

test('an attached file is enough, a picture in the text is not', () => {
  expect(plain('see the attached file', [FILE])).toBeNull()
  expect(plain('see the attached file', [{ ...FILE, cid: 'x' }])).toBe('attached')
})

test('HTML is read, too, without its quote', () => {
  const html =
    '<div>see <b>attach</b>ed</div><div data-quote=""><div>Mara wrote:</div><blockquote>Anhang</blockquote></div>'
  const rich = (text: string) => attachmentMentioned({ format: 'rich', html: text, text: '', files: [] })
  expect([rich(html), rich(html.replace('see', 'x').replace('ed<', 'x<'))]).toEqual(['attached', null])
})
