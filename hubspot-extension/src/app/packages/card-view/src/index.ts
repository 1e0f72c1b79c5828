export * from './view.ts';
export * from './wording.ts';
