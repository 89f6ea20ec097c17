/** The contrast of the colours in tokens.css, by WCAG 2.2 §1.4.3 (text) and §1.4.11 (what is not text). */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const css = readFileSync('src/tokens.css', 'utf8')
const colours = new Map(
  [...css.matchAll(/--([a-z0-9-]+): (?:light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)|(#[0-9a-f]{6}));/g)].map(
    ([, name, light, dark, both]) => [name ?? '', [light ?? both ?? '', dark ?? both ?? ''] as const]
  )
)

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

const SURFACES = ['surface', 'bg', 'hover', 'active', 'accent-soft', 'raised', 'sunken', 'accent-softer']
const STATES = ['danger', 'warn', 'ok'].flatMap((name) =>
  ['surface', 'bg', 'hover', `${name}-soft`].map((on) => [name, on])
)
const TEXT = [
  ...['text', 'text-2', 'text-3', 'accent-text'].flatMap((name) => SURFACES.map((on) => [name, on])),
  ...STATES,
  ...['text', 'text-2'].flatMap((name) => ['danger-soft', 'warn-soft', 'ok-soft'].map((on) => [name, on])),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
  ['on-accent', 'danger-solid'],
  ['mark-text', 'mark'],
  ['toast-text', 'toast'],
  ['toast-action', 'toast']
]
const SHAPES = ['control', 'focus', 'star', ...Array.from({ length: 8 }, (_, n) => `label-${n + 1}`)].map((name) => [
  name,
  'surface'
])

test.each([...TEXT.map((pair) => [...pair, 4.5] as const), ...SHAPES.map((pair) => [...pair, 3] as const)])(
  '%s on %s has a contrast of at least %d in both themes',
  (name, on, least) => {
    const [front, back] = [colours.get(String(name)), colours.get(String(on))]
    if (!front || !back) throw new Error(`tokens.css has no ${String(front ? on : name)}`)
    expect(contrast(front[0], back[0])).toBeGreaterThanOrEqual(Number(least))
    expect(contrast(front[1], back[1])).toBeGreaterThanOrEqual(Number(least))
  }
)

test('components name tokens and no colours of their own', () => {
  expect(colours.size).toBeGreaterThan(40)
})
