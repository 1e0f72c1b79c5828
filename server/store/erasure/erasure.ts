import type { ConnectionStore } from '../connections/connections.ts';
import type { Database } from '../database/open.ts';
import { scrub } from '../database/scrub.ts';
import type { MediaFiles } from '../media/media-files.ts';
import { type Erased, type EraseRequest, eraseCustomer } from './erase.ts';
import { createRetentionStore } from './retention.ts';

export interface ErasureStore {
  /** Rows first, then files, then what leads to these: what a crash leaves over is found by the next round of retention. */
  erase(request: EraseRequest): Promise<Erased>;
  /** After the last of them: nothing readable stays in the database's files. False: not yet, see scrub.ts. */
  scrub(): Promise<boolean>;
}

export const createErasureStore = (
  db: Database,
  connections: Pick<ConnectionStore, 'seal'>,
  files: Pick<MediaFiles, 'remove'>,
): ErasureStore => ({
  erase: async (request) => {
    const erased = await eraseCustomer(db, await connections.seal(request.workspaceId), request);
    await Promise.all(erased.files.map((id) => files.remove(id)));
    await createRetentionStore(db).filesRemoved(erased.files);
    return erased;
  },
  scrub: () => scrub(db),
});
