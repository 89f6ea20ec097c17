import { honestName, middleEllipsis } from '#lib/mail/file-names.ts'
import { expect, test } from 'vitest'

test('the extension of a long name stays visible', () => {
  expect(middleEllipsis('Lieferschein_2026-11-26_Birkenau_Spedition.pdf', 21)).toBe('Liefersche…dition.pdf')
  expect(middleEllipsis('short.pdf', 21)).toBe('short.pdf')
})

test('characters that turn the direction of a name are left out', () => {
  expect(honestName('annexe\u202egpj.exe')).toBe('annexegpj.exe')
  expect(honestName(' line\nbreak.txt ')).toBe('line break.txt')
})
