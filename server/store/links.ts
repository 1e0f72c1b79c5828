/** The stored facts that this customer on this channel is that contact and conversation at the platform. */
import type { Identity } from '../core/message.ts';
import type { Committer } from './committer.ts';
import { beginContact, keepContact, lockContact, unlockContact } from './contacts.ts';
import {
  type Conversation,
  conversationsOfContact,
  type FindOrMake,
  findConversation,
  knownConversation,
  unopened,
} from './conversations.ts';
import { conversation } from './expand.ts';
import type { Database } from './open.ts';
import type { Seal } from './seal.ts';

type SealOf = (workspaceId: string) => Promise<Seal>;

export function links(db: Database, committer: Committer, sealOf: SealOf, clock: { now(): number }) {
  return {
    conversationFor: async (request: Omit<FindOrMake, 'seal' | 'now'>) => {
      const seal = await sealOf(request.workspaceId);
      const known = await knownConversation(db, { ...request, seal, now: clock.now() });
      if (known) return known;
      const id = await committer.run(conversation, { ...request, seal, now: clock.now() });
      return (await findConversation(db, seal, { workspaceId: request.workspaceId, id })) as Conversation;
    },
    conversation: async (by: { workspaceId: string } & ({ id: string } | { platformThread: string })) =>
      findConversation(db, await sealOf(by.workspaceId), by),
    conversationsOfContact: async (workspaceId: string, contactId: string) =>
      conversationsOfContact(db, await sealOf(workspaceId), { workspaceId, contactId }),
    unopened: (workspaceId: string) => unopened(db, workspaceId),
    setContact: async ({ workspaceId, id }: Conversation, contactId: string) => {
      await db
        .updateTable('conversation')
        .set({ contact_id: contactId, updated_at: clock.now() })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute();
    },
    lockContact: async (workspaceId: string, identity: Identity, by: string, leaseMs: number) => {
      const now = clock.now();
      return lockContact(db, {
        workspaceId,
        identity,
        by,
        until: now + leaseMs,
        now,
        seal: await sealOf(workspaceId),
      });
    },
    keepContact: async (workspaceId: string, identities: Identity[], contactId: string) =>
      keepContact(db, { workspaceId, identities, contactId, seal: await sealOf(workspaceId) }),
    beginContact: async (workspaceId: string, identity: Identity, by: string) =>
      beginContact(db, { workspaceId, identity, by, now: clock.now(), seal: await sealOf(workspaceId) }),
    unlockContact: async (workspaceId: string, identity: Identity, by: string, certain: boolean) =>
      unlockContact(db, { workspaceId, identity, by, certain, seal: await sealOf(workspaceId) }),
  };
}
