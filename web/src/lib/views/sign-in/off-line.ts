/** The sentence that says why buttons do not work off line; each of them refers to it. */
export const OFF_LINE_ID = 'off-line'
