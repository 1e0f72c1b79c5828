/** What a measurement tells while it runs: its figures as soon as it has them, and what it is at meanwhile. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  ratio?: number;
  against?: string;
}

export interface Report {
  figure(figure: Figure): void;
  /** One line for whoever waits; never a figure that counts. */
  progress(text: string): void;
}

/** Figures on the standard output, as a table or as one JSON line each; progress on the error output. */
export function printing(asJson: boolean): Report {
  const began = performance.now();
  return {
    figure: (figure) => console.log(asJson ? JSON.stringify(compact(figure)) : row(figure)),
    progress: (text) => {
      const seconds = Math.round((performance.now() - began) / 1000);
      console.error(`  ${String(seconds).padStart(3)} s  ${text}`);
    },
  };
}

export const rounded = (value: number): number => Number(value.toPrecision(4));

function compact({ name, value, unit, ratio, against }: Figure): object {
  const figure = { name, value: rounded(value), unit };
  return ratio === undefined ? figure : { ...figure, ratio: rounded(ratio), against };
}

function row({ name, value, unit, ratio, against }: Figure): string {
  const compared = ratio === undefined ? '' : `${ratio.toFixed(2)} × ${against}`;
  return `${name.padEnd(24)}${String(rounded(value)).padStart(10)} ${unit.padEnd(12)}${compared}`.trimEnd();
}
