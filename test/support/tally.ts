/** Counts what arrived against what was sent: nothing lost, nothing twice, nothing out of order. */

export interface Tally {
  lost: string[];
  twice: string[];
  /** Each that stands somewhere behind one that was sent after it. */
  inverted: string[];
  /** Arrived, but nobody sent it. */
  strange: string[];
}

/** `sent`: what one conversation should show, in order; `arrived`: what it shows. All texts of it are different. */
export function tally(sent: string[], arrived: string[]): Tally {
  const place = new Map(sent.map((text, index) => [text, index]));
  const seen = new Map<string, number>();
  const result: Tally = { lost: [], twice: [], inverted: [], strange: [] };
  let highest = -1;
  for (const text of arrived) {
    const at = place.get(text);
    if (at === undefined) {
      result.strange.push(text);
      continue;
    }
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (times === 2) result.twice.push(text);
    if (times > 1) continue;
    if (at < highest) result.inverted.push(text);
    highest = Math.max(highest, at);
  }
  result.lost = sent.filter((text) => !seen.has(text));
  return result;
}

export const SPOTLESS: Tally = { lost: [], twice: [], inverted: [], strange: [] };

/** Several conversations in one. */
export const together = (tallies: Tally[]): Tally => ({
  lost: tallies.flatMap((one) => one.lost),
  twice: tallies.flatMap((one) => one.twice),
  inverted: tallies.flatMap((one) => one.inverted),
  strange: tallies.flatMap((one) => one.strange),
});
