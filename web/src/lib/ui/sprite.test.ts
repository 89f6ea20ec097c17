import { expect, test } from 'vitest'
import { ICONS } from './icons.ts'

/** As a component without any logic, so that the browser's own parser makes it of one text. */
function sprite(): string {
  const symbols = Object.entries(ICONS).map(([name, shapes]) => {
    const drawn = shapes.map(([tag, attributes]) => {
      const stated = Object.entries(attributes).map(([key, value]) => `${key}="${value}"`)
      return `<${tag} ${stated.join(' ')} />`
    })
    return `  <symbol id="icon-${name}" viewBox="0 0 24 24">${drawn.join('')}</symbol>`
  })
  return [
    '<!-- Each icon of icons.ts once, hidden; the root layout mounts it. Written by `vitest run sprite -u`. -->',
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
  await expect(sprite()).toMatchFileSnapshot('./Sprite.svelte')
})
