/** Forgetting whoever a platform has erased: by the contact that they were there, in one workspace. */
import type { ConnectionStore } from '../connections/connections.ts';
import type { Database } from '../database/open.ts';
import { scrub } from '../database/scrub.ts';
import type { MediaFiles } from '../media/media-files.ts';
import type { Note } from '../people/audit.ts';
import type { Erased } from './erase.ts';
import { createErasureStore } from './erasure.ts';

export interface ContactErasure {
  workspaceId: string;
  contactId: string;
  /** The event that asked for it: it names the contact, so it is emptied, too. */
  eventId: string;
}
/** Asked before; what it answers is written with the erasure, in one transaction. */
type Listener = (asked: Omit<ContactErasure, 'eventId'>) => Promise<((erased: Erased) => Note) | undefined>;

export interface ContactErasures {
  /** Again = nothing is found any more. `files`: where their bytes are. Over when `scrubErased` answers true. */
  eraseContact(request: ContactErasure, files: Pick<MediaFiles, 'remove'>): Promise<void>;
  /** Nothing erased stays readable in the database's files. False: not yet, see scrub.ts. */
  scrubErased(): Promise<boolean>;
  /** Of each, also where nobody is found. */
  onErasing(listener: Listener): void;
}

export function contactErasures(db: Database, connections: Pick<ConnectionStore, 'seal'>): ContactErasures {
  const listeners: Listener[] = [];
  return {
    eraseContact: async ({ workspaceId, contactId, eventId }, files) => {
      const store = createErasureStore(db, connections, files);
      const notes = await Promise.all(listeners.map((listener) => listener({ workspaceId, contactId })));
      await store.erase({
        workspaceId,
        isTheirs: (_thread, _customer, contact) => contact === contactId,
        // A contact's id may be a short number: it names nobody in a text.
        words: [],
        contacts: [contactId],
        events: [eventId],
        note: (erased) => async (trx) => {
          for (const note of notes) await note?.(erased)(trx);
        },
      });
    },
    scrubErased: () => scrub(db),
    onErasing: (listener) => {
      listeners.push(listener);
    },
  };
}
