/** Which room may import which: ARCHITECTURE.md, "Layers". */
const rooms = {
  jmap: [],
  mail: [],
  live: ['jmap'],
  compose: ['jmap', 'mail'],
  sieve: ['compose', 'mail'],
  words: [],
  accounts: [],
  offline: [],
  store: ['jmap', 'mail'],
  cache: ['jmap', 'outbox', 'compose'],
  outbox: ['store', 'jmap'],
  sync: ['jmap', 'mail', 'sieve', 'store', 'cache', 'outbox', 'compose', 'live'],
  frame: ['mail', 'ui'],
  ui: ['words'],
  state: ['jmap', 'mail', 'sieve', 'store', 'outbox', 'compose', 'sync', 'words', 'accounts'],
  commands: ['state', 'store', 'outbox', 'sync', 'mail', 'words'],
  views: ['state', 'commands', 'ui', 'words', 'mail', 'sieve', 'compose', 'frame', 'accounts', 'jmap', 'offline']
}

/** Only these rooms may import the library, so that one place answers for it. */
const libraries = {
  idb: ['cache'],
  dompurify: ['frame', 'compose', 'mail'],
  centrifuge: ['live'],
  'squire-rte': ['views/compose'],
  'client-zip': ['views/attachments'],
  lucide: ['ui']
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
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room-${room}`,
      severity: 'error',
      from: { path: `^src/lib/${room}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/lib/(${[room, ...allowed].join('|')})/|^src/[a-z]+\\.css$` }
    })),
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
