import { unencoded } from '#lib/mail/encoded-words.ts'
import { expect, test } from 'vitest'

test.each([
  [' Warehouse <warehouse.example.net>\r\n', 'Warehouse <warehouse.example.net>'],
  [' =?utf-8?q?Wareh=C3=B6use_two?=\r\n <w.example.net>', 'Warehöuse two <w.example.net>'],
  ['=?UTF-8?B?w5xiZXI=?= =?utf-8?q?_alles?= here', 'Über alles here'],
  ['=?iso-8859-1*de?Q?Gr=FC=DFe?=', 'Grüße'],
  ['=?no-such?q?a?= =?utf-8?b?%%%?= =?utf-8?q?=FF?=', '=?no-such?q?a?==?utf-8?b?%%%?==?utf-8?q?=FF?='],
  ['', '']
])('%j says %j', (field, text) => {
  expect(unencoded(field)).toBe(text)
})
