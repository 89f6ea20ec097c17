import { expect, test } from 'vitest'
import { editableSignature, exchangeSignature, signatureOf, type Signature } from './signature.ts'

const clean = (html: string) => html.replaceAll('<script>', '')
const NONE: Signature = { textSignature: '', htmlSignature: '' }
const WORK: Signature = { textSignature: 'Mara\nWork', htmlSignature: '' }
const HOME: Signature = { textSignature: '', htmlSignature: '<script><b>Mara</b> at home' }
const QUOTE = 'On Monday, Jonas wrote:\n> Hi'
const HTML_QUOTE = '<div data-quote=""><div>On Monday, Jonas wrote:</div><blockquote>Hi</blockquote></div>'

const plain = (text: string, old: Signature | null, next: Signature | null) =>
  exchangeSignature({ format: 'plain', html: '', text }, old, next, clean).text
const rich = (html: string, old: Signature | null, next: Signature | null) =>
  exchangeSignature({ format: 'rich', html, text: '' }, old, next, clean).html

test('a plain text gets it below what is written and above the quote', () => {
  expect(plain('Hello', null, WORK)).toBe('Hello\n\n-- \nMara\nWork')
  expect(plain(`Hello\n\n${QUOTE}`, NONE, HOME)).toBe(`Hello\n\n-- \nMara at home\n\n${QUOTE}`)
})

test('a plain text exchanges it, and gives it up', () => {
  const signed = plain(`Hello\n\n${QUOTE}`, null, WORK)
  expect(plain(signed, WORK, HOME)).toBe(`Hello\n\n-- \nMara at home\n\n${QUOTE}`)
  expect(plain(plain('Hello', null, WORK), WORK, NONE)).toBe('Hello\n')
})

test('HTML gets it below what is written and an empty line, and above the quote', () => {
  expect(rich(`<div>Hello</div>${HTML_QUOTE}`, null, HOME)).toBe(
    `<div>Hello</div><div><br></div><div data-signature=""><b>Mara</b> at home</div>${HTML_QUOTE}`
  )
  expect(rich('<div>Hello</div>', null, WORK)).toBe(
    '<div>Hello</div><div><br></div><div data-signature=""><div>Mara</div><div>Work</div></div>'
  )
})

test('HTML exchanges it although the editor has written it in another way, and gives it up', () => {
  const edited = '<div>Hello</div><div data-signature=""><div><b>Mara</b> at home<br></div></div><div>PS</div>'
  expect(rich(edited, HOME, WORK)).toBe(
    '<div>Hello</div><div data-signature=""><div>Mara</div><div>Work</div></div><div>PS</div>'
  )
  expect(rich(edited, HOME, null)).toBe('<div>Hello</div><div>PS</div>')
  expect(rich(rich('<div>Hello</div>', null, WORK), WORK, null)).toBe('<div>Hello</div>')
})

test('one that the person has edited or taken out stays so', () => {
  expect(plain('Hello\n\n-- \nMara\nWorks', WORK, HOME)).toBe('Hello\n\n-- \nMara\nWorks')
  expect(plain('Hello', WORK, HOME)).toBe('Hello')
  expect(plain('Hello\n-- \nmy own', NONE, HOME)).toBe('Hello\n-- \nmy own')
  const edited = '<div>Hello</div><div data-signature="">Mara!</div>'
  expect(rich(edited, HOME, WORK)).toBe(edited)
  expect(rich('<div>Hello</div>', HOME, WORK)).toBe('<div>Hello</div>')
})

test('the line that introduces it is not doubled', () => {
  expect(plain('Hello', null, { textSignature: '-- \nMara', htmlSignature: '' })).toBe('Hello\n\n-- \nMara')
})

test('the editor of the settings begins with either form, sanitized', () => {
  expect(editableSignature(WORK, clean)).toBe('<div>Mara</div><div>Work</div>')
  expect(editableSignature(HOME, clean)).toBe('<b>Mara</b> at home')
  expect(editableSignature(NONE, clean)).toBe('')
})

test('what the editor holds is kept in both forms, sanitized; without words there is no signature', () => {
  expect(signatureOf('<script><div><b>Mara</b></div><div>Work</div>', clean)).toEqual({
    textSignature: 'Mara\nWork',
    htmlSignature: '<div><b>Mara</b></div><div>Work</div>'
  })
  expect(signatureOf('<div><br></div>', clean)).toEqual(NONE)
})
