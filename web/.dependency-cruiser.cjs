/** Which room may import which, and which layer: ARCHITECTURE.md, "Layers". */
const rooms = {
  jmap: [],
  mail: [],
  live: ['jmap'],
  words: [],
  accounts: [],
  offline: [],
  store: ['jmap', 'mail'],
  cache: ['jmap', 'domain', 'device'],
  sync: ['jmap', 'mail', 'store', 'cache', 'live', 'domain', 'device'],
  frame: ['mail', 'ui'],
  ui: ['words'],
  state: ['jmap', 'mail', 'store', 'sync', 'words', 'accounts', 'domain'],
  commands: ['state', 'store', 'sync', 'mail', 'words', 'domain'],
  views: ['state', 'commands', 'ui', 'words', 'mail', 'frame', 'accounts', 'jmap', 'offline', 'domain', 'page']
}

/** What a person does there has a room, with a folder for each layer that it needs: each is like a room above. */
const layers = {
  domain: ['jmap', 'mail', 'store'],
  device: rooms.cache.concat('cache'),
  sync: rooms.sync,
  state: rooms.state,
  page: rooms.views.concat('views')
}

/** Which room of a purpose may import which other one, in the layers that the table above allows. */
const purposes = {
  actions: [],
  search: [],
  writing: ['actions', 'search'],
  settings: ['actions', 'writing']
}

/** Only these rooms may import the library, so that one place answers for it. */
const libraries = {
  idb: ['cache', '[a-z]+/device'],
  dompurify: ['frame', 'writing/domain', 'mail'],
  centrifuge: ['live'],
  'squire-rte': ['writing/page'],
  'client-zip': ['views/attachments'],
  lucide: ['ui']
}

/** Folders of these rooms and layers: `sync` is the room, and the layer of the given purposes. */
function folders(names, among) {
  const own = names.filter((name) => name in rooms)
  const inPurposes = names.filter((name) => name in layers).map((layer) => `(?:${among.join('|')})/${layer}`)
  return [...own, ...inPurposes].join('|')
}

function rule(name, from, allowed) {
  return {
    name,
    severity: 'error',
    from: { path: `^src/lib/${from}/`, pathNot: '\\.test\\.ts$' },
    to: { path: '^src/', pathNot: `^src/lib/(?:${allowed})/|^src/[a-z]+\\.css$` }
  }
}

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^\\$app/|/\\$types|\\?url' }
    },
    { name: 'nobody-imports-routes', severity: 'error', from: { path: '^src/lib' }, to: { path: '^src/routes' } },
    ...Object.entries(rooms).map(([room, allowed]) =>
      rule(`room-${room}`, room, folders([room, ...allowed], Object.keys(purposes)))
    ),
    ...Object.entries(purposes).flatMap(([purpose, others]) =>
      Object.entries(layers).map(([layer, allowed]) =>
        rule(`${purpose}-${layer}`, `${purpose}/${layer}`, folders([layer, ...allowed], [purpose, ...others]))
      )
    ),
    {
      name: 'purpose-has-layers',
      severity: 'error',
      from: {},
      to: { path: `^src/lib/(?:${Object.keys(purposes).join('|')})/(?!(?:${Object.keys(layers).join('|')})/)` }
    },
    ...Object.entries(libraries).map(([library, allowed]) => ({
      name: `library-${library}`,
      severity: 'error',
      from: { pathNot: `^src/lib/(${allowed.join('|')})/` },
      to: { path: `node_modules/${library}/` }
    }))
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['svelte', 'browser', 'import', 'default'] }
  }
}
