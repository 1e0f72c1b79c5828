/** A platform that erased a contact had us erase the person behind it: that is in the trail, and names nobody. */
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { ErasedContact } from '../store/erasure/erase-contact.ts';
import type { Audit } from './contracts.ts';

export const erasureNews =
  ({ connections, audit }: { connections: Pick<ConnectionStore, 'workspace'>; audit: Audit }) =>
  async ({ workspaceId, contactId, conversations, messages, files }: ErasedContact): Promise<void> => {
    const workspace = await connections.workspace(workspaceId);
    if (!workspace) return;
    const { account_id, platform } = workspace;
    const subject = await audit.pseudonym('contact', platform, contactId);
    const facts = { asked_by: platform, conversations, messages, files: files.length };
    await audit.record(
      { account_id, system: true },
      { action: 'customer.erased', workspaceId, subject, facts },
    );
  };
