/** The stored facts that this customer on this channel is that contact and conversation at the platform. */
import type { Identity } from '../../core/message.ts';
import { recognisable } from '../../core/phone.ts';
import type { Committer } from '../database/committer.ts';
import type { Database } from '../database/open.ts';
import type { Seal } from '../sealing/seal.ts';
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

type SealOf = (workspaceId: string) => Promise<Seal>;

export function links(db: Database, committer: Committer, sealOf: SealOf, clock: { now(): number }) {
  return {
    conversationFor: async (given: Omit<FindOrMake, 'seal' | 'now'>) => {
      const { workspaceId } = given;
      const seal = await sealOf(workspaceId);
      const request = { ...given, customer: recognisable(given.customer), seal, now: clock.now() };
      const known = await knownConversation(db, request);
      if (known) return known;
      const id = await committer.run(conversation, request);
      return (await findConversation(db, seal, { workspaceId, id })) as Conversation;
    },
    conversation: async (by: { workspaceId: string } & ({ id: string } | { platformThread: string })) =>
      findConversation(db, await sealOf(by.workspaceId), by),
    conversationsOfContact: async (workspaceId: string, contactId: string) =>
      conversationsOfContact(db, await sealOf(workspaceId), { workspaceId, contactId }),
    unopened: (workspaceId: string) => unopened(db, workspaceId),
    lockContact: async (workspaceId: string, identity: Identity, by: string, leaseMs: number) => {
      const now = clock.now();
      const seal = await sealOf(workspaceId);
      return committer.run(lockContact, { workspaceId, identity, by, until: now + leaseMs, now, seal });
    },
    keepContact: async ({ workspaceId, id, customer }: Conversation, contactId: string) => {
      const { identities } = customer;
      const seal = await sealOf(workspaceId);
      const now = clock.now();
      await committer.run(keepContact, { workspaceId, conversationId: id, identities, contactId, seal, now });
    },
    beginContact: async (workspaceId: string, identity: Identity, by: string) => {
      const seal = await sealOf(workspaceId);
      return committer.run(beginContact, { workspaceId, identity, by, now: clock.now(), seal });
    },
    unlockContact: async (workspaceId: string, identity: Identity, by: string, certain: boolean) => {
      const seal = await sealOf(workspaceId);
      await committer.run(unlockContact, { workspaceId, identity, by, certain, seal });
    },
  };
}
