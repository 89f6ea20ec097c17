import { expect, test } from 'vitest'
import { ICONS } from './icons.ts'
import { READING_ICONS } from './reading-icons.ts'

type Icons = Readonly<Record<string, (typeof ICONS)[keyof typeof ICONS]>>

/** As a component without any logic, so that the browser's own parser makes it of one text. */
function sprite(icons: Icons, about: string): string {
  const symbols = Object.entries(icons).map(([name, shapes]) => {
    const drawn = shapes.map(([tag, attributes]) => {
      const stated = Object.entries(attributes).map(([key, value]) => `${key}="${value}"`)
      return `<${tag} ${stated.join(' ')} />`
    })
    return `  <symbol id="icon-${name}" viewBox="0 0 24 24">${drawn.join('')}</symbol>`
  })
  return [
    `<!-- ${about} Written by \`vitest run sprite -u\`. -->`,
    '<svg aria-hidden="true">',
    ...symbols,
    '</svg>',
    '',
    '<style>',
    '  /* Not laid out, which would take time at each start. What `use` shows is a copy of its own. */',
    '  svg {',
    '    display: none;',
    '  }',
    '</style>',
    ''
  ].join('\n')
}

test('the sprite holds what icons.ts names, as Lucide draws it', async () => {
  const about = 'Each icon of icons.ts once, hidden; the root layout mounts it.'
  await expect(sprite(ICONS, about)).toMatchFileSnapshot('./Sprite.svelte')
})

test('no icon is in two sprites', () => {
  const names = [ICONS, READING_ICONS].flatMap((icons) => Object.keys(icons))
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
})

test('the sprite of the reader holds what reading-icons.ts names', async () => {
  const about = 'Each icon of reading-icons.ts once, hidden; the mail page mounts it with what reads.'
  await expect(sprite(READING_ICONS, about)).toMatchFileSnapshot('./ReadingSprite.svelte')
})
