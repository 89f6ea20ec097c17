import { waysOf } from './list-unsubscribe.ts'
import { expect, test } from 'vitest'

const POST = ' List-Unsubscribe=One-Click\r\n'
const BOTH = ' <https://x.example/u?t=1>,\r\n <mailto:u@x.example?subject=a%20b> (write)'

test('all ways of a newsletter are found', () => {
  expect(waysOf(BOTH, POST)).toEqual({
    oneClick: true,
    mail: 'mailto:u@x.example?subject=a%20b',
    page: 'https://x.example/u?t=1'
  })
  expect(waysOf(BOTH, '')?.oneClick).toBe(false)
  expect(waysOf('<http://x.example/>', POST)).toEqual({ oneClick: false, mail: null, page: 'http://x.example/' })
  expect(waysOf('<https://x.example/a\r\n b>', '')?.page).toBe('https://x.example/ab')
})

test.each([
  '',
  'https://x.example/',
  '<javascript:alert(1)>',
  '<file:///etc/passwd>',
  '<data:text/html,x>',
  '<https://user:secret@x.example/>',
  '<mailto:>',
  '(<https://x.example/>)',
  '<x>',
  '<'.repeat(50_000),
  '('.repeat(50_000)
])('nothing that a person could use: %j', (list) => {
  expect(waysOf(list, POST)).toBeNull()
})
