/** Forgetting whoever a platform has erased: by the contact that they were there, in one workspace. */
import type { ConnectionStore } from '../connections/connections.ts';
import type { Database } from '../database/open.ts';
import type { MediaFiles } from '../media/media-files.ts';
import type { Erased } from './erase.ts';
import { createErasureStore } from './erasure.ts';

export interface ContactErasure {
  workspaceId: string;
  contactId: string;
  /** The event that asked for it: it names the contact, so it is emptied, too. */
  eventId: string;
}
export interface ErasedContact extends Erased {
  workspaceId: string;
  contactId: string;
}
type Listener = (erased: ErasedContact) => Promise<void>;

export interface ContactErasures {
  /** Again = nothing is found any more. `files`: where their bytes are. */
  eraseContact(request: ContactErasure, files: Pick<MediaFiles, 'remove'>): Promise<void>;
  /** Called after each, also where nobody was found. Its failures are its own. */
  onErased(listener: Listener): void;
}

export function contactErasures(db: Database, connections: Pick<ConnectionStore, 'seal'>): ContactErasures {
  const listeners: Listener[] = [];
  return {
    eraseContact: async ({ workspaceId, contactId, eventId }, files) => {
      const store = createErasureStore(db, connections, files);
      const erased = await store.erase({
        workspaceId,
        isTheirs: (_thread, _customer, contact) => contact === contactId,
        // A contact's id may be a short number: it names nobody in a text.
        words: [],
        contacts: [contactId],
        events: [eventId],
      });
      await store.scrub();
      for (const listener of listeners)
        await listener({ ...erased, workspaceId, contactId }).catch(() => undefined);
    },
    onErased: (listener) => {
      listeners.push(listener);
    },
  };
}
