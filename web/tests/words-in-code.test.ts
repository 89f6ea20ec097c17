/** Code says nothing to people in words of its own: what it makes them read comes from the words files, too. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const SOURCE = join(import.meta.dirname, '../src')

/** What these write is for programs: formats, tables of what stands in mails. */
const NOT_FOR_PEOPLE = /^lib\/(words|mail|[a-z]+\/domain)\//

const SOURCES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.(ts|svelte)$/.test(name) && !name.endsWith('.test.ts') && !NOT_FOR_PEOPLE.test(name)
)

/** The same in every language. */
const NAMES = new Set(['Samsung Internet'])

/** Selectors, queries and markup have other signs. */
const SENTENCE = /^[\p{L}\p{N}\s,.;:!?…'’„“–-]+$/u
/** What is typed to search: `is:unread`. */
const OPERATOR = /^\s*\p{Ll}+:$/u
/** A capital and another word; in a template, whose first word may be a value, any word by itself. */
const BEGINS = /^\s*\p{Lu}\p{L}*[,:]?\s+\p{L}{2,}/u
const GOES_ON = /^[,.:]?\s+\p{L}{2,}|\p{L}{2,}[,.:]?\s+$/u
/** Attributes that people read or hear. */
const READ = /^'(alt|aria-label|aria-description|placeholder|title)'$/

/** In the script of a component, and in TypeScript: sentences, and what is given to an attribute that is told. */
function wordsIn(source: string, isComponent = false): string[] {
  const code = isComponent
    ? [...source.matchAll(/<script[^>]*>([^]*?)<\/script>/g)].map(([, one]) => one).join('\n')
    : source
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    // Names of files, types, and what is thrown: that is for programmers.
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return
    if (ts.isNewExpression(node) && /(Error|Failure)$/.test(node.expression.getText())) return
    const texts = textsOf(node)
    const isTemplate = texts.length > 1
    const says = (text: string): boolean =>
      SENTENCE.test(text) &&
      !OPERATOR.test(text) &&
      !NAMES.has(text) &&
      (BEGINS.test(text) || (isTemplate && GOES_ON.test(text)) || (isRead(node) && /\p{L}{2,}/u.test(text)))
    if (texts.some(says)) found.push(texts.join('…').trim())
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('code.ts', code, ts.ScriptTarget.Latest, true))
  return found
}

/** A text, or those between the values of a template. */
function textsOf(node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  return ts.isTemplateExpression(node) ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)] : []
}

function isRead(node: ts.Node): boolean {
  const { parent } = node
  if (!ts.isCallExpression(parent) || !parent.expression.getText().endsWith('.setAttribute')) return false
  const [name, value] = parent.arguments
  return value === node && name !== undefined && READ.test(name.getText())
}

test.each(SOURCES)('%s has no words of its own', (name) => {
  expect(wordsIn(readFileSync(join(SOURCE, name), 'utf8'), name.endsWith('.svelte'))).toEqual([])
})

test('words in code are found, and what programs read is not', () => {
  expect(wordsIn("notices.say('Not sent. Try again.')")).toEqual(['Not sent. Try again.'])
  expect(wordsIn('x = `${n} of ${m} are done`')).toEqual(['… of … are done'])
  expect(wordsIn("button.setAttribute('aria-label', 'close')")).toEqual(['close'])
  expect(wordsIn("<b>{x}</b><script>const x = 'Two words'</script>", true)).toEqual(['Two words'])
  for (const quiet of [
    "throw new Error('No list is open')",
    "box.querySelector('h3 button, button')",
    "matchMedia('(pointer: coarse)')",
    "event.key === 'Escape'",
    "type State = 'at rest' | 'No locks here'",
    'url = `/mail/${id}?q=${text}`'
  ])
    expect(wordsIn(quiet)).toEqual([])
})
