/** of the tokens `--label-1` to `--label-8` */
export type LabelColour = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** A keyword (RFC 8621 §4.1.1) with the name and the colour that the person gave it. */
export interface Label {
  readonly keyword: string
  readonly name: string
  readonly colour: LabelColour
}
