import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { endSharedPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** JSONL: every call that reached an emulator in this run (see playground/kit.ts). */
    callsFile: string;
  }
}

/** One folder per run for what the groups hand on to each other. */
export default function setup(project: TestProject): () => Promise<void> {
  const existing = process.env.OCTOPODS_TEST_RUN_DIR;
  const folder = existing ?? mkdtempSync(join(tmpdir(), 'octopods-test-'));
  process.env.OCTOPODS_TEST_RUN_DIR = folder;
  project.provide('callsFile', join(folder, 'calls.jsonl'));
  return async () => {
    await endSharedPostgres(folder);
    if (!existing) rmSync(folder, { recursive: true, force: true });
  };
}
