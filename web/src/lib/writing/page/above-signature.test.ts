// @vitest-environment jsdom
import { isOnlySignature } from '#lib/writing/page/above-signature.ts'
import { signatureStart } from '#lib/writing/page/plain-text.ts'
import { expect, test } from 'vitest'

const EMPTY = '<div><br></div>'
const SIGNATURE = '<div data-signature=""><div>Ann</div></div>'
const QUOTE = '<div data-quote=""><div>Bob wrote:</div></div>'

function isOnly(html: string): boolean {
  const root = document.createElement('div')
  root.innerHTML = html
  return isOnlySignature(root)
}

test('a signature is alone if nothing else is written, whatever is quoted', () => {
  expect([EMPTY + EMPTY + SIGNATURE, EMPTY + SIGNATURE + QUOTE].map(isOnly)).toEqual([true, true])
  const written = [`<div>Hi</div>${SIGNATURE}`, `${EMPTY}${SIGNATURE}<div>PS</div>`, `<div><img></div>${SIGNATURE}`]
  expect([...written, EMPTY].map(isOnly)).toEqual([false, false, false, false])
})

test('of a plain text the place of its signature is known, if it is alone', () => {
  expect(['\n\n-- \nAnn', '-- \nAnn', 'Hi\n\n-- \nAnn', 'Hi', ''].map(signatureStart)).toEqual([1, 0, null, null, null])
})
