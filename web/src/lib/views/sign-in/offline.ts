/** The sentence that says why buttons do not work offline; each of them refers to it. */
export const OFFLINE_ID = 'offline'
