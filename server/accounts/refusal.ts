/** Why something was not done, in words for whoever asked. Services answer it; pages and the API print it. */
export interface Refused {
  /** `not_found` also stands for what belongs to another account: nobody learns that it exists. */
  refused: 'forbidden' | 'not_found' | 'invalid' | 'conflict';
  why: string;
  /** The form's field that is wrong. */
  field?: string;
}

export const isRefused = (answer: unknown): answer is Refused =>
  typeof answer === 'object' && answer !== null && 'refused' in answer && 'why' in answer;

export const refusal = (refused: Refused['refused'], why: string, field?: string): Refused => ({
  refused,
  why,
  ...(field ? { field } : {}),
});
