import { emlName, halves, safeName, savedNames } from '#lib/mail/file-names.ts'
import { honestName } from '#lib/mail/honest-name.ts'
import { expect, test } from 'vitest'
import { timesAsLong } from '../../../tests/processor-time.ts'

test('the extension of a long name is in the piece that stays', () => {
  expect(halves('Lieferschein_2026-11-26_Birkenau_Spedition.pdf')).toEqual([
    'Lieferschein_2026-11-26_Birkenau_Spe',
    'dition.pdf'
  ])
  expect(halves('short.pdf')).toEqual(['short.pdf', ''])
})

test('a name is not cut within a character', () => {
  expect(halves(`${'a'.repeat(20)}👩‍👩‍👧12345.txt`)).toEqual(['a'.repeat(20), '👩‍👩‍👧12345.txt'])
})

test('characters that turn the direction of a name are left out', () => {
  expect(honestName('annexe\u202egpj.exe')).toBe('annexegpj.exe')
  expect(honestName(' line\nbreak.txt ')).toBe('line break.txt')
})

test.each([' ', '\u202e', '\u200b\u00ad', '\u3164', '\u2800'])(
  'a name of which nothing is seen (%j) is none',
  (name) => {
    expect([honestName(name), honestName(`${name}a`).endsWith('a')]).toEqual(['', true])
  }
)

test.each([
  ['../../etc/passwd', '_.._etc_passwd'],
  ['C:\\boot.ini', 'C__boot.ini'],
  ['a*?"<>|.txt', 'a______.txt'],
  ['.bashrc', 'bashrc'],
  ['NUL.txt', '_NUL.txt'],
  ['com1', '_com1'],
  ['trailing. . ', 'trailing'],
  [`${'a'.repeat(179)} and more words`, 'a'.repeat(179)],
  ['~temporary', 'temporary'],
  ['soft\u00adhy\u200dphen\u{e0041}.pdf', 'softhyphen.pdf'],
  ['a\u0301\u00a0\ufdd0.txt', '\u00e1 _.txt'],
  ['desktop.ini', '_desktop.ini'],
  ['Open me.LNK', 'Open me.LNK.download'],
  ['\ud800.txt', '_.txt'],
  ['\u202e', 'attachment'],
  ['Grüße 🎻.png', 'Grüße 🎻.png']
])('the file of %j is called %j', (name, safe) => {
  expect(safeName(name)).toBe(safe)
})

test('a name that is too long for a disk keeps its extension', () => {
  const safe = safeName(`${'ü'.repeat(300)}.pdf`)
  expect(safe).toMatch(/^ü+\.pdf$/)
  expect(new TextEncoder().encode(safe).length).toBeLessThanOrEqual(180)
})

test('a name of dots and spaces takes no time', () => {
  for (const part of ['.', ' ', '. '])
    expect(
      timesAsLong(() => safeName(`a ${part.repeat(100_000)}z`)),
      part
    ).toBeLessThan(100)
})

test.each([
  ['Re: pallet 3 / bay 7', 'Re_ pallet 3 _ bay 7.eml'],
  ['  ', 'message.eml'],
  ['Ready...', 'Ready.eml'],
  ['Invoice 4471.pdf', 'Invoice 4471.pdf.eml'],
  ['あ'.repeat(90), `${'あ'.repeat(33)}.eml`]
])('a message with the subject %j is saved as %j', (subject, name) => {
  expect(emlName(subject)).toBe(name)
})

test('of equal names each further one has a number', () => {
  expect(savedNames(['a.jpg', 'A.jpg', 'a (2).jpg', 'a.jpg', '.b', '/b', 'b'])).toEqual([
    'a.jpg',
    'A (2).jpg',
    'a (2) (2).jpg',
    'a (3).jpg',
    'b',
    '_b',
    'b (2)'
  ])
})
