/** Characters that turn the text behind them round (UAX #9): "<RLO>gro.elpmaxe@ssob" would be read as an address. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g

export function straight(text: string): string {
  return text.replace(TURNING, '')
}
